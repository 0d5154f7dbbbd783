/* Marks what a library shows to the outside; everything else is compiled with -fvisibility=hidden. */
#ifndef OM_EXPORT_H
#define OM_EXPORT_H

#if defined(OM_LEVEL) && defined(_WIN32)
#define OM_EXPORT(name)
#define OM_EXPORT_DATA
#elif defined(OM_LEVEL)
/* Code for one of several levels, which the library shows through om_level.h alone. */
#define OM_EXPORT(name) __attribute__((visibility("hidden")))
#define OM_EXPORT_DATA __attribute__((visibility("hidden")))
#elif defined(_WIN32)
#define OM_EXPORT(name) __declspec(dllexport)
#define OM_EXPORT_DATA __declspec(dllexport)
#elif defined(__wasm__)
/* wasm-ld exports functions by this attribute; data needs --export=NAME. */
#define OM_EXPORT(name) __attribute__((visibility("default"), export_name(#name)))
#define OM_EXPORT_DATA __attribute__((visibility("default")))
#else
#define OM_EXPORT(name) __attribute__((visibility("default")))
#define OM_EXPORT_DATA __attribute__((visibility("default")))
#endif

#endif
