import { type ElementType, elementTypes, isInteger } from '../onnx/element-type.ts'

/** C type in which one element is computed: narrow floats are widened to float. */
export function computeType(type: ElementType): string {
  return isNarrowFloat(type) ? 'float' : elementTypes[type].c
}

/** Floats that C has no arithmetic for: stored as bits, loaded and stored through native/kernels/types.h. */
export function isNarrowFloat(type: ElementType): boolean {
  return type === 'float16' || type === 'bfloat16' || type.startsWith('float8') || type.startsWith('float4')
}

/** The two floats of 16 bits, which models compute with. */
export function isHalf(type: ElementType): boolean {
  return type === 'float16' || type === 'bfloat16'
}

/** C expression that reads one element from the lvalue `place`. */
export function loadElement(type: ElementType, place: string): string {
  // As bools, GCC 12 keeps loops over them from vectorising: a Where took ten times as long.
  if (type === 'bool') return `(*(const uint8_t *)&${place} != 0)`
  return isNarrowFloat(type) ? `om_load_${type}(${place})` : place
}

/** C statement that writes `expression` (of compute type) to the lvalue `place`. */
export function storeElement(type: ElementType, place: string, expression: string): string {
  return isNarrowFloat(type) ? `${place} = om_store_${type}(${expression});` : `${place} = ${expression};`
}

/**
 * C expression of `a sign b` in compute type. What integers overflow into is their low bits, as everywhere in ONNX: so C
 * has them added as unsigned ones, for which it defines that, and in 32 bits at least, as narrower ones would become int.
 */
export function arithmetic(type: ElementType, a: string, sign: '+' | '-' | '*', b: string): string {
  if (!isInteger(type)) return `${a} ${sign} ${b}`
  const unsigned = sumType(type)
  return `(${elementTypes[type].c})((${unsigned})${a} ${sign} (${unsigned})${b})`
}

/** C expression of -x; of the lowest integer, which has no counterpart, that is itself. */
export function negation(type: ElementType, x: string): string {
  return isInteger(type) ? arithmetic(type, '0', '-', x) : `-${x}`
}

/** C type in which elements are added and multiplied: their compute type, or of integers an unsigned one, see `arithmetic`. */
export function sumType(type: ElementType): string {
  if (!isInteger(type)) return computeType(type)
  return elementTypes[type].bits === 64 ? 'uint64_t' : 'uint32_t'
}

/** A C literal of compute type for a number; exact for every float, double and 64-bit integer. */
export function literal(type: ElementType, value: number | bigint): string {
  if (type === 'float64') return floatLiteral(Number(value), '')
  if (computeType(type) === 'float') return floatLiteral(Math.fround(Number(value)), 'f')
  if (type === 'bool') return Number(value) ? 'true' : 'false'
  const integer = BigInt(value)
  if (type === 'int64') {
    return integer === -(1n << 63n) ? 'INT64_MIN' : parenthesise(`INT64_C(${integer})`, integer < 0n)
  }
  if (type === 'uint64') return `UINT64_C(${integer})`
  if (integer === -(1n << 31n)) return 'INT32_MIN'
  return parenthesise(`${integer}${type === 'uint32' ? 'u' : ''}`, integer < 0n)
}

function parenthesise(text: string, needed: boolean): string {
  return needed ? `(${text})` : text
}

function floatLiteral(value: number, suffix: string): string {
  if (Number.isNaN(value)) return suffix ? 'NAN' : '((double)NAN)'
  if (!Number.isFinite(value))
    return parenthesise(`${value < 0 ? '-' : ''}${suffix ? 'INFINITY' : '(double)INFINITY'}`, true)
  // 17 significant digits identify a double, and so each float, exactly (C11 5.2.4.2.2 DBL_DECIMAL_DIG).
  const digits = Object.is(value, -0) ? '-0.0' : value.toExponential(16)
  return parenthesise(`${digits}${suffix}`, value < 0 || Object.is(value, -0))
}

/** A C string literal with the UTF-8 bytes of `text`; anything unusual becomes an octal escape, so no text can leave it. */
export function stringLiteral(text: string): string {
  let escaped = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f
    escaped += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `"${escaped}"`
}
