// Rules for the page's scripts and intona.js, run by pre-commit; jsconfig.json has their types.
const js = require("@eslint/js"); // CommonJS, because pre-commit's packages lie on NODE_PATH
const globals = require("globals");

const PAGE = "src/intona/server/page";

module.exports = [
  js.configs.recommended,
  {
    files: [`${PAGE}/*.js`, "js/{src,demo,test}/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      complexity: ["error", 12],
      "max-len": ["error", 110],
      "max-lines": ["error", 400],
      "max-params": ["error", 5],
    },
  },
  { files: ["js/test/*.js"], languageOptions: { globals: globals.node } },
  { files: [`${PAGE}/pcm-worklet.js`], languageOptions: { globals: globals.audioWorklet } },
];
