/* A model whose code is several files (OM_PARTS; src/builtin/parts.ts). What these have of each other is nobody else's; of them
 * all, the one that isn't an OM_PART has what there is once. */
#ifndef OM_PARTS_H
#define OM_PARTS_H

#ifndef OM_PARTS
#define OM_COMMON static
#elif defined(_WIN32)
#define OM_COMMON
#else
#define OM_COMMON __attribute__((visibility("hidden")))
#endif

#endif
