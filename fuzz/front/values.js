// Values at which code goes wrong: ends of types, of what a double counts exactly, of what we allow; text that means something to somebody.

const powers = [31n, 32n, 40n, 46n, 53n, 62n].flatMap((power) => [
  2n ** power - 1n,
  2n ** power,
  2n ** power + 1n,
  -(2n ** power),
])
const everyday = [0n, 1n, -1n, 2n, -2n, 3n, 4n, 7n, 64n, 65n, 255n, 1000n, 65536n, -65536n]
export const integers = [...everyday, ...powers, 2n ** 63n - 1n, -(2n ** 63n)]

export const floats = [0, -0, 1, -1, 0.5, -0.5, 2, 1e-30, 1e30, 3.4e38, NaN, Infinity, -Infinity, 255, 2 ** 31, 1e-45]

const names = ['', '__proto__', 'constructor', 'toString', 'x'.repeat(1e5), 'a"b\\c\n*/ ??/ \0 \u202e</script>', '%s%n']
const symbols = ['?', '?1', '2*batch', 'ai.onnx.ml', 'NaN']
const modes = ['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET', 'linear', 'cubic', 'nearest', 'reflect', 'wrap', 'sum']
const expressions = ['ij,jk->ik', '...ij,...jk', 'ii->i', `${'i'.repeat(60)}->`, '(a+)+$', '[[:alpha:]']
export const strings = [...names, ...symbols, ...modes, ...expressions]

/** Sizes of a dimension: a number, a name, or nothing. */
export const dims = [0, 1, 2, 3, 5, 7, 8, 17, 64, 1000, 2 ** 31, 2 ** 40, -1, 'n', 'batch', 'm', '', undefined]
