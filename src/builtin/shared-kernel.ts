/** When threads share a kernel, in multiplications. */
export interface Sharing {
  /** Fewer are done sooner by one. */
  readonly least: number
  /** Those of a part that a thread claims at once, see OM_LEAST_PART of parallel.h. */
  readonly part: number
}

/** Of WebAssembly. To wake threads costs 5 to 50 µs, in which one of them does up to 500,000. */
export const usualSharing: Sharing = { least: 1_000_000, part: 65_536 }

/**
 * Of native code, which does up to 60,000 in a µs. Threads that are awake take 1 to 2 µs to come; those that sleep are woken for
 * more (OM_WAKING_WORK of parallel.h).
 */
export const nativeSharing: Sharing = { least: 500_000, part: 131_072 }

/** A parameter of a kernel, and how C declares it. */
export interface Parameter {
  readonly name: string
  readonly declaration: string
}

/** What is known of a kernel that threads share, as C expressions of its parameters. */
export interface Shared {
  readonly work: string
  readonly ownBytes: string
}

/** What the function that `sharedKernel` writes begins with, by which it is declared, too. */
export function sharedHead(kernel: string, parameters: readonly Parameter[]): string {
  return `OM_COMMON void ${kernel}_shared(${parameters.map(({ declaration }) => declaration).join(', ')})`
}

/** C that has threads share a kernel where that is worth it, and calls it where there are none. */
export function sharedKernel(
  kernel: string,
  parameters: readonly Parameter[],
  { work, ownBytes }: Shared,
  least: number,
): string {
  const list = (of: (parameter: Parameter) => string, between = ', '): string => parameters.map(of).join(between)
  const field = ({ declaration }: Parameter): string => `  ${declaration.replace('restrict ', '')};\n`
  return `#ifdef OM_THREADS
typedef struct ${kernel}_arguments {
${list(field, '')}} ${kernel}_arguments;
static void ${kernel}_share(const void *given) {
  const ${kernel}_arguments *a = (const ${kernel}_arguments *)given;
  ${kernel}(${list(({ name }) => `a->${name}`)});
}
${sharedHead(kernel, parameters)} {
  const ${kernel}_arguments a = {${list(({ name }) => name)}};
  if (${work} >= ${least}) om_parallel(${kernel}_share, &a, ${ownBytes}, ${work});
  else ${kernel}(${list(({ name }) => name)});
}
#else
#define ${kernel}_shared ${kernel}
#endif
`
}
