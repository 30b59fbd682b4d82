// @ts-check
/** Colours of the emotions, made by scripts/palette.py: change them in palette.py. */

export const EMOTIONS = new Map([
  ["neutral", "#999999"],
  ["calm", "#56b4e9"],
  ["happy", "#f0c419"],
  ["sad", "#0072b2"],
  ["angry", "#d55e00"],
  ["fearful", "#c77cc0"],
  ["disgust", "#009e73"],
  ["surprised", "#e69f00"],
  ["bored", "#7a6652"],
]);

export const SILENCE = "#b9bec7";
