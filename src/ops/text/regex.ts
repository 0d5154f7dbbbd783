/** Code points from first to last, both inclusive. */
type Range = readonly [first: number, last: number]

type Pattern =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'begin' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly least: number; readonly most: number }

/** A compiled pattern, as native/kernels/regex.h runs it. */
export interface RegexProgram {
  /** Triples of code, a, b. */
  readonly instructions: readonly number[]
  /** Pairs of first and last code point. */
  readonly ranges: readonly number[]
}

/** A pattern that is wrong, or says what is not supported. */
export class RegexError extends Error {}

const LAST = 0x10ffff
const digits: readonly Range[] = [[48, 57]]
const words: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const spaces: readonly Range[] = [
  [9, 10],
  [12, 13],
  [32, 32],
]
const classes: Readonly<Record<string, readonly Range[]>> = { d: digits, w: words, s: spaces }
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const posix: Readonly<Record<string, readonly Range[]>> = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit: digits,
  lower: [[97, 122]],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: words,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
}

/** Largest number in braces (RE2's own limit), and of instructions in all. */
const MOST_REPEATS = 1000
const MOST_INSTRUCTIONS = 20_000
/** Parentheses and repetitions around one another. */
const MOST_NESTED = 500

function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = []
  let next = 0
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) gaps.push([next, first - 1])
    next = Math.max(next, last + 1)
  }
  return next <= LAST ? [...gaps, [next, LAST]] : gaps
}

/** Reads RE2's syntax (github.com/google/re2/wiki/Syntax) without flags, Unicode classes and quotes by \Q. */
class Parser {
  private readonly points: readonly string[]
  private at = 0
  private depth = 0

  constructor(pattern: string) {
    this.points = [...pattern]
  }

  parse(): Pattern {
    const pattern = this.either()
    if (this.at < this.points.length) throw new RegexError('a parenthesis closes none')
    return pattern
  }

  private get here(): string | undefined {
    return this.points[this.at]
  }

  private take(): string {
    const point = this.points[this.at++]
    if (point === undefined) throw new RegexError('the pattern ends too early')
    return point
  }

  private skip(text: string): boolean {
    const found = [...text].every((point, i) => this.points[this.at + i] === point)
    if (found) this.at += text.length
    return found
  }

  private either(): Pattern {
    if (++this.depth > MOST_NESTED) throw new RegexError('the pattern is nested too deep')
    const parts = [this.sequence()]
    while (this.skip('|')) parts.push(this.sequence())
    this.depth--
    return parts.length === 1 ? parts[0]! : { kind: 'either', parts }
  }

  private sequence(): Pattern {
    const parts: Pattern[] = []
    while (this.here !== undefined && this.here !== '|' && this.here !== ')') parts.push(this.repeated())
    return { kind: 'sequence', parts }
  }

  private repeated(): Pattern {
    let part = this.single()
    let repeats = 0
    for (let bounds = this.bounds(); bounds; bounds = this.bounds()) {
      if (++repeats > MOST_NESTED) throw new RegexError('the pattern is nested too deep')
      part = { kind: 'repeat', part, least: bounds[0], most: bounds[1] }
      this.skip('?') // fewer first: for a whole match the order does not matter
    }
    return part
  }

  private bounds(): readonly [number, number] | undefined {
    if (this.skip('*')) return [0, Infinity]
    if (this.skip('+')) return [1, Infinity]
    if (this.skip('?')) return [0, 1]
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.points.slice(this.at, this.at + 16).join(''))
    if (!braces) return undefined
    this.at += braces[0].length
    const least = Number(braces[1])
    const most = braces[2] === undefined ? least : braces[3] ? Number(braces[3]) : Infinity
    if (most < least || least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS))
      throw new RegexError(`the repetition ${braces[0]} is out of range`)
    return [least, most]
  }

  private single(): Pattern {
    const point = this.take()
    if (point === '(') return this.group()
    if (point === '[') return { kind: 'set', ranges: this.set() }
    if (point === '.') return { kind: 'set', ranges: complement([[10, 10]]) }
    if (point === '^') return { kind: 'begin' }
    if (point === '$') return { kind: 'end' }
    if (point === '\\') return this.escape()
    if ('*+?'.includes(point)) throw new RegexError(`${point} has nothing to repeat`)
    const code = point.codePointAt(0)!
    return { kind: 'set', ranges: [[code, code]] }
  }

  private group(): Pattern {
    if (this.skip('?') && !this.skip(':')) {
      const named = /^P?<\w+>/.exec(this.points.slice(this.at).join(''))
      if (!named) throw new RegexError('flags are not supported')
      this.at += named[0].length
    }
    const inner = this.either()
    if (!this.skip(')')) throw new RegexError('a parenthesis is not closed')
    return inner
  }

  private escape(): Pattern {
    const next = this.here
    const assertions = { A: 'begin', z: 'end', b: 'boundary', B: 'inside' } as const
    if (next !== undefined && next in assertions) {
      this.at++
      return { kind: assertions[next as keyof typeof assertions] }
    }
    return { kind: 'set', ranges: this.escaped() }
  }

  /** What stands behind a backslash, within and outside of brackets. */
  private escaped(): readonly Range[] {
    const point = this.take()
    const known = classes[point.toLowerCase()]
    if (known) return point === point.toLowerCase() ? known : complement(known)
    if (point === 'x') return this.hexadecimal()
    const code = controls[point]
    if (code === undefined && /[\p{L}\p{N}]/u.test(point)) throw new RegexError(`\\${point} is not supported`)
    const literal = code ?? point.codePointAt(0)!
    return [[literal, literal]]
  }

  private hexadecimal(): Range[] {
    const written = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(
      this.points.slice(this.at, this.at + 8).join(''),
    )
    if (!written) throw new RegexError('\\x needs hexadecimal digits')
    this.at += written[0].length
    const code = Number.parseInt(written[1] ?? written[2]!, 16)
    return [[code, code]]
  }

  private set(): readonly Range[] {
    const negated = this.skip('^')
    const ranges: Range[] = []
    for (let first = true; first || this.here !== ']'; first = false) {
      const low = this.member()
      const single = low.length === 1 && low[0]![0] === low[0]![1]
      if (single && this.here === '-' && this.points[this.at + 1] !== ']') {
        this.at++
        const [high] = this.member()
        if (!high || high[0] < low[0]![0]) throw new RegexError('a range in brackets is turned round')
        ranges.push([low[0]![0], high[1]])
      } else ranges.push(...low)
    }
    this.at++
    return negated ? complement(ranges) : ranges
  }

  private member(): readonly Range[] {
    if (this.skip('\\')) return this.escaped()
    const named = /^\[:(\^?)(.*?):\]/su.exec(this.points.slice(this.at).join(''))
    if (named) {
      const [text, without, name] = named
      const known = Object.hasOwn(posix, name!) ? posix[name!]! : undefined
      if (!known) throw new RegexError(`${text} is no class of characters`)
      this.at += [...text].length
      return without ? complement(known) : known
    }
    const code = this.take().codePointAt(0)!
    return [[code, code]]
  }
}

const codes = { set: 0, split: 1, begin: 2, end: 3, boundary: 4, inside: 4, match: 5 } as const

/** Compiles a pattern; throws RegexError where it can't. */
export function compileRegex(pattern: string): RegexProgram {
  const program: [code: number, a: number, b: number][] = []
  const ranges: number[] = []
  const emit = (code: number, a = 0, b = 0): number => {
    if (program.length >= MOST_INSTRUCTIONS) throw new RegexError('the pattern is too large')
    return program.push([code, a, b]) - 1
  }
  /** A split that goes on behind it, and to where `join` says later. */
  const fork = (): number => emit(codes.split, program.length + 1)
  const join = (split: number): void => {
    program[split]![2] = program.length
  }
  const write = (part: Pattern): void => {
    if (part.kind === 'set') {
      const first = ranges.length / 2
      ranges.push(...part.ranges.flat())
      emit(codes.set, first, ranges.length / 2)
    } else if (part.kind === 'sequence') part.parts.forEach(write)
    else if (part.kind === 'either') writeEither(part.parts)
    else if (part.kind === 'repeat') writeRepeat(part.part, part.least, part.most)
    else emit(codes[part.kind], part.kind === 'inside' ? 1 : 0)
  }
  const writeEither = ([first, ...rest]: readonly Pattern[]): void => {
    if (!first) return
    if (rest.length === 0) return write(first)
    const split = fork()
    write(first)
    const end = emit(codes.split)
    join(split)
    writeEither(rest)
    program[end] = [codes.split, program.length, program.length]
  }
  const writeRepeat = (part: Pattern, least: number, most: number): void => {
    for (let i = 0; i < least; i++) write(part)
    if (most === Infinity) {
      const split = fork()
      write(part)
      emit(codes.split, split, split)
      join(split)
      return
    }
    const splits: number[] = []
    for (let i = least; i < most; i++) {
      splits.push(fork())
      write(part)
    }
    splits.forEach(join)
  }
  write(new Parser(pattern).parse())
  emit(codes.match)
  return { instructions: program.flat(), ranges }
}
