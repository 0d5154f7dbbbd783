#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* A text, and eight digits and a space, to the console of whoever runs the board. What main() gives is the exit code. */
void board_say(const char *text);
void board_say_hex(uint32_t word);

#endif
