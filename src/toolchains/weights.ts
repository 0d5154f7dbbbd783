import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Constant data of a model in the target's byte order. */
export interface Weights {
  readonly bytes: number
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** How the bytes come into the library: by the assembler, or as C text for a compiler that can't. */
export type WeightsForm = 'incbin' | 'text'

/** What a compiler can do of the two. */
export function weightsForm({ family }: { readonly family: string }): WeightsForm {
  return family === 'other' ? 'text' : 'incbin'
}

/** From here on x86-64 code may not reach data with a 32-bit distance: 2 GiB less room for code and other data. */
export const LARGE_WEIGHTS = 0x7c00_0000

const FILES: Readonly<Record<WeightsForm, string>> = { incbin: 'weights.bin', text: 'weights.inc' }

/**
 * C text that defines `om_weights`: the model's constants in a read-only section, shared between processes and not copied
 * at load. It names the file that `writeWeights` puts beside the source.
 *
 * @param bytes size; without any, `om_weights` is one zero byte, so that it can always be named
 * @param alignment power of two, in bytes
 * @param symbol what `om_weights` is called outside of C
 * @param file the name of the file, for the assembler
 */
export function weightsSection(bytes: number, alignment = 64, symbol = 'om_weights', file = FILES.incbin): string {
  if (bytes === 0)
    return `_Alignas(${alignment}) __attribute__((unused)) static const unsigned char om_weights[1] = {0};\n`
  const array = `const unsigned char om_weights[${bytes}]`
  const hidden = hiddenWeights(bytes, alignment)
  const content = (label = symbol) => [`.balign ${alignment}`, `${label}:`, `.incbin "${file}"`]
  const elf = (section: string) =>
    assembly(
      `.pushsection ${section},%progbits`,
      `.globl ${symbol}`,
      `.hidden ${symbol}`,
      `.type ${symbol}, %object`,
      `.size ${symbol}, ${bytes}`,
      ...content(),
      '.popsection',
    )
  const large = `#elif defined(__x86_64__) && defined(__ELF__)
${hidden}
${elf('.lrodata.om_weights,"al"')}
`
  return `#if defined(OM_WEIGHTS_TEXT)
_Alignas(${alignment}) static ${array} = {
#include "${FILES.text}"
};
#elif defined(__wasm__)
/* Filled after the link (src/toolchains/wasm-binary.ts), or by whoever loads the module: neither constant nor hidden, so that
 * the compiler takes it for neither. */
_Alignas(${alignment}) unsigned char om_weights[${bytes}];
#elif defined(__APPLE__)
${hidden}
${assembly('.pushsection __TEXT,__const', `.globl _${symbol}`, `.private_extern _${symbol}`, ...content(`_${symbol}`), '.popsection')}
#elif defined(_WIN32)
extern __attribute__((aligned(${alignment}))) ${array};
${assembly('.section .rdata,"dr"', `.globl ${symbol}`, ...content(), '.text')}
${bytes < LARGE_WEIGHTS ? '' : large}#else
${hidden}
${elf('.rodata.om_weights,"a"')}
#endif
`
}

/** C text that defines `om_weights` with the contents in it, for few bytes. */
export function weightsText(chunks: Iterable<Uint8Array>, alignment = 64): string {
  const lines = [...chunks].flatMap((chunk) => {
    const count = Math.ceil(chunk.length / 32)
    return Array.from({ length: count }, (_, i) => `${chunk.subarray(32 * i, 32 * (i + 1)).join(',')},`)
  })
  return `_Alignas(${alignment}) static const unsigned char om_weights[] = {\n${lines.join('\n')}\n};\n`
}

/** C text that declares the `om_weights` of another file of the same library. As above where there are no bytes. */
export function weightsDeclaration(bytes: number): string {
  return bytes === 0 ? weightsSection(0) : `${hiddenWeights(bytes, 64)}\n`
}

function hiddenWeights(bytes: number, alignment: number): string {
  return `extern __attribute__((visibility("hidden"), aligned(${alignment}))) const unsigned char om_weights[${bytes}];`
}

function assembly(...lines: readonly string[]): string {
  return `__asm__(\n${lines.map((line) => `  "${line.replaceAll('"', '\\"')}\\n"`).join('\n')});`
}

/** Writes the file that `weightsSection` names. @throws the system's error, or RangeError if the chunks are not `bytes` long */
export async function writeWeights(
  folder: string,
  weights: Weights,
  form: WeightsForm,
  name = FILES[form],
): Promise<void> {
  const file = await open(join(folder, name), 'wx')
  try {
    let bytes = 0
    for await (const chunk of weights.chunks) {
      if (form === 'incbin') await file.writeFile(chunk)
      else for (const text of asText(chunk)) await file.writeFile(text)
      bytes += chunk.length
    }
    if (bytes !== weights.bytes) throw new RangeError(`weights: ${weights.bytes} bytes announced, ${bytes} given`)
  } finally {
    await file.close()
  }
}

/** Elements of a C array, in pieces that a string can hold. */
function* asText(chunk: Uint8Array): Generator<string> {
  const piece = 1 << 16
  for (let start = 0; start < chunk.length; start += piece) yield `${chunk.subarray(start, start + piece).join(',')},\n`
}
