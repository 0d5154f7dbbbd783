/** What an option may be, in words and as a question. */
export interface OptionKind {
  readonly expected: string
  isRight(value: unknown): boolean
  /** Of an object: all that it may have. */
  readonly fields?: OptionKinds
}

export type OptionKinds = Readonly<Record<string, OptionKind>>

/** The kinds of everything that a type has, so that none is forgotten. */
export type KindsOf<T> = Readonly<Record<keyof T, OptionKind>>

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

export const kinds = {
  boolean: { expected: 'true or false', isRight: isBoolean },
  text: { expected: 'a text', isRight: isText },
  texts: { expected: 'a list of texts', isRight: isTexts },
  switchOrTexts: { expected: 'true, false or a list of texts', isRight: (value) => isBoolean(value) || isTexts(value) },
  folder: { expected: 'the name of a folder', isRight: isText },
  object: { expected: 'an object', isRight: isObject },
  objects: { expected: 'a list of objects', isRight: (value) => Array.isArray(value) && value.every(isObject) },
  function: { expected: 'a function', isRight: (value) => typeof value === 'function' },
  amount: { expected: 'a number of at least 0', isRight: (value) => typeof value === 'number' && value >= 0 },
  // One of another realm, as tests have them, is no instance of this one's class.
  signal: { expected: 'an AbortSignal', isRight: (value) => isObject(value) && 'aborted' in value },
} satisfies OptionKinds

export function objectOf(fields: OptionKinds): OptionKind {
  return { ...kinds.object, fields }
}

/** Any names, with values of one kind. */
export function recordOf({ expected, isRight }: OptionKind): OptionKind {
  return {
    expected: `an object whose values are each ${expected}`,
    isRight: (value) => isObject(value) && Object.values(value).every(isRight),
  }
}

export function orFalse({ expected, isRight, ...kind }: OptionKind): OptionKind {
  return { expected: `${expected}, or false`, isRight: (value) => value === false || isRight(value), ...kind }
}

export function oneOf(words: readonly unknown[]): OptionKind {
  return { expected: words.join(', '), isRight: (value) => words.includes(value) }
}
