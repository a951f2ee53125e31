"""The formula language: source text -> parse -> syntax tree -> check -> typed plan -> compile."""
