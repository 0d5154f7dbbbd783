/* A shared library that is no model. */
int answer(void);
__attribute__((visibility("default"))) int answer(void) { return 42; }
