// The page's scripts; jsconfig.json has their types. Run by pre-commit, see CONTRIBUTING.md.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    files: ["src/intona/server/page/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "max-lines": ["error", 400],
      "max-params": ["error", 5],
      "max-len": ["error", 110],
      complexity: ["error", 12],
    },
  },
  {
    files: ["src/intona/server/page/pcm-worklet.js"],
    languageOptions: { globals: globals.audioWorklet },
  },
];
