/* A model written by hand, in the form that the compiler's have (native/wasm/om_wasm.h), for tests of the runtime. Its
 * file is compiled with -include of what a test adds: `static int model(void *arena, const om_buffer *inputs, om_buffer
 * *outputs, om_message *message)`. Memory is a list of free blocks of 64 bytes and more. */
