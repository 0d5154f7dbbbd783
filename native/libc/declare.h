/* A function of the C library: declared, or, where the list of them all is made (names.c), defined as a mere name. */
#ifndef OM_LIBC_DECLARE_H
#define OM_LIBC_DECLARE_H

#if defined(OM_LIBC_NAMES) && defined(__APPLE__)
#define OM_C(result, name, ...) __asm__(".globl _" #name "\n_" #name ":");
#define OM_C_DATA(type, name) __asm__(".globl _" #name "\n_" #name ":");
#elif defined(OM_LIBC_NAMES)
#define OM_C(result, name, ...) __asm__(".globl " #name "\n.type " #name ", %function\n" #name ":");
#define OM_C_DATA(type, name) __asm__(".globl " #name "\n.type " #name ", %object\n" #name ":");
#else
#define OM_C(result, name, ...) result name(__VA_ARGS__);
#define OM_C_DATA(type, name) extern type name;
#endif

#endif
