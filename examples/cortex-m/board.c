/* What a program needs before main() on the boards MPS2 with a Cortex-M (AN386, AN500), which QEMU plays: the vector table, memory set
 * up, the floating-point unit on; and words on the debugger's console by semihosting. */
#include "board.h"

#include <stdint.h>

extern uint32_t board_data_from[], board_data[], board_data_end[], board_bss[], board_bss_end[], board_stack_end[];
int main(void);

/* Arm's semihosting for M-profile: BKPT 0xAB with an operation in r0 and its argument in r1. */
static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

void board_say(const char *text) { semihost(SYS_WRITE0, text); }

void board_say_hex(uint32_t word) {
  char text[] = "00000000 ";
  for (int i = 0; i < 8; i++) text[i] = "0123456789abcdef"[(word >> (28 - 4 * i)) & 15];
  board_say(text);
}

static _Noreturn void leave(uint32_t status) {
  const uint32_t block[] = {ADP_STOPPED_APPLICATION_EXIT, status};
  semihost(SYS_EXIT_EXTENDED, block);
  for (;;) {
  }
}

static _Noreturn void fault(void) { leave(255); }

/* Nothing is called, and nothing computed in floating point, before this is done. */
_Noreturn void board_reset(void);
_Noreturn void board_reset(void) {
  volatile uint32_t *const cpacr = (volatile uint32_t *)0xe000ed88; /* access to coprocessors 10 and 11: the unit */
  *cpacr |= 0xfu << 20;
  __asm__ volatile("dsb\n\tisb");
  for (uint32_t *to = board_data, *from = board_data_from; to < board_data_end;) *to++ = *from++;
  for (volatile uint32_t *to = board_bss; to < board_bss_end;) *to++ = 0;
  leave((uint32_t)main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    board_stack_end, (const void *)board_reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault,
};
