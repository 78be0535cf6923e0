// ESLint's recommended rules, and those that find mistakes which TypeScript doesn't.

import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["node_modules/", ".*/"] },
  js.configs.recommended,
  {
    files: ["web/**/*.js", "local/dashboard/**/*.js", "eslint.config.js"],
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "off",
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "no-constructor-return": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-promise-executor-return": "off",
      "no-restricted-properties": ["error",
        { property: "innerHTML", message: "Data becomes text nodes, never markup." },
        { property: "outerHTML", message: "Data becomes text nodes, never markup." },
        { property: "insertAdjacentHTML", message: "Data becomes text nodes, never markup." }],
      "no-self-compare": "error",
      "no-template-curly-in-string": "error",
      "no-unmodified-loop-condition": "error",
      "no-unreachable-loop": "error",
      "no-unused-vars": ["error", { args: "after-used", ignoreRestSiblings: true }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["tests/**/*.mjs"],
    languageOptions: { globals: globals.node },
  },
  {
    files: ["web/service_worker.js"],
    languageOptions: { sourceType: "script", globals: globals.serviceworker },
  },
];
