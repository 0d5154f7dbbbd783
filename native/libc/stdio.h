/* <stdio.h> of any C library of Linux: what prints. */
#ifndef OM_LIBC_STDIO_H
#define OM_LIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#include "declare.h"

typedef struct _IO_FILE FILE;

#define EOF (-1)

#ifdef __APPLE__
OM_C_DATA(FILE *, __stdoutp)
OM_C_DATA(FILE *, __stderrp)
#define stdout __stdoutp
#define stderr __stderrp
#else
OM_C_DATA(FILE *, stdout)
OM_C_DATA(FILE *, stderr)
#define stdout stdout
#define stderr stderr
#endif

OM_C(int, fclose, FILE *file)
OM_C(int, fflush, FILE *file)
OM_C(FILE *, fopen, const char *path, const char *mode)
OM_C(int, fprintf, FILE *file, const char *format, ...)
OM_C(int, fputc, int c, FILE *file)
OM_C(int, fputs, const char *text, FILE *file)
OM_C(size_t, fwrite, const void *from, size_t bytes, size_t n, FILE *file)
OM_C(int, printf, const char *format, ...)
OM_C(int, putchar, int c)
OM_C(int, puts, const char *text)
OM_C(int, snprintf, char *to, size_t bytes, const char *format, ...)
OM_C(int, sprintf, char *to, const char *format, ...)
OM_C(int, vsnprintf, char *to, size_t bytes, const char *format, va_list values)

#endif
