/** Bytes of a number, the highest first where `big`. */
export function number(value: number, count: number, big: boolean): number[] {
  const bytes = Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** i) % 256)
  return big ? bytes.reverse() : bytes
}

/** The bytes of an ASCII text. */
export function letters(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0))
}

export interface JpegKind {
  /** Samples across and down for one of the second and third component; none for gray. */
  readonly sampling?: readonly [number, number]
  readonly interval?: number
  /** A scan for each component. */
  readonly apart?: boolean
}

/** A baseline JPEG of a smooth image, quantised by 1 and with codes of 8 bits for everything, as T.81 says. */
export function jpeg({ sampling: given, interval = 0, apart = false }: JpegKind, image: Image): number[] {
  const sampling = given ?? [1, 1]
  const [across, down] = sampling
  const components = Array.from({ length: given ? 3 : 1 }, (_, i) => {
    const [wide, tall] = i === 0 ? [1, 1] : sampling
    const [columns, rows] = [Math.ceil(image.width / (8 * across)), Math.ceil(image.height / (8 * down))]
    const alone = apart || !given
    const size = (length: number, by: number): number => Math.ceil(Math.ceil(length / by) / 8)
    return {
      across: across / wide,
      down: down / tall,
      columns: alone ? size(image.width, wide) : (columns * across) / wide,
      rows: alone ? size(image.height, tall) : (rows * down) / tall,
      sample: (x: number, y: number) => image.component(i, (x + 0.5) * wide - 0.5, (y + 0.5) * tall - 0.5),
    }
  })
  const scans = apart ? components.map((component) => [component]) : [components]
  const order = zigzag()
  const code = (kindOfCode: number): number[] => {
    // Symbol s has the code s; 255 is no code of 8 bits, since it is all ones.
    const symbols = Array.from({ length: 255 }, (_, i) => i)
    const counts = Array.from({ length: 16 }, (_, i) => (i === 7 ? 255 : 0))
    return segment(0xc4, [kindOfCode, ...counts, ...symbols])
  }
  const data = scans.flatMap((scan) => {
    const last = scan.map(() => 0)
    const parts: number[] = []
    let bits = ''
    const flush = (): void => {
      const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
      for (let at = 0; at < padded.length; at += 8) {
        const byte = Number.parseInt(padded.slice(at, at + 8), 2)
        parts.push(...(byte === 255 ? [255, 0] : [byte]))
      }
      bits = ''
    }
    const value = (zeros: number, number: number): void => {
      const size = number === 0 ? 0 : Math.floor(Math.log2(Math.abs(number))) + 1
      bits += (zeros * 16 + size).toString(2).padStart(8, '0')
      if (size > 0) bits += (number < 0 ? number + 2 ** size - 1 : number).toString(2).padStart(size, '0')
    }
    const block = (c: number, column: number, row: number): void => {
      const { sample } = scan[c]!
      const numbers = transform((x, y) => sample(column * 8 + x, row * 8 + y) - 128)
      value(0, numbers[0]! - last[c]!)
      last[c] = numbers[0]!
      let zeros = 0
      for (const place of order.slice(1)) {
        if (numbers[place] === 0) zeros++
        else {
          for (; zeros > 15; zeros -= 16) bits += (15 * 16).toString(2).padStart(8, '0')
          value(zeros, numbers[place]!)
          zeros = 0
        }
      }
      if (zeros > 0) bits += '00000000'
    }
    const alone = scan.length === 1
    const [columns, rows] = alone
      ? [scan[0]!.columns, scan[0]!.rows]
      : [scan[0]!.columns / scan[0]!.across, scan[0]!.rows / scan[0]!.down]
    for (let unit = 0; unit < columns * rows; unit++) {
      if (interval > 0 && unit > 0 && unit % interval === 0) {
        flush()
        parts.push(255, 0xd0 + ((unit / interval - 1) % 8))
        last.fill(0)
      }
      const [column, row] = [unit % columns, Math.floor(unit / columns)]
      scan.forEach((component, c) => {
        if (alone) return block(c, column, row)
        for (let b = 0; b < component.across * component.down; b++)
          block(
            c,
            column * component.across + (b % component.across),
            row * component.down + Math.floor(b / component.across),
          )
      })
    }
    flush()
    const ids = scan.flatMap((component) => [components.indexOf(component) + 1, 0])
    return [...segment(0xda, [scan.length, ...ids, 0, 63, 0]), ...parts]
  })
  const frame = components.flatMap((component, i) => [i + 1, component.across * 16 + component.down, 0])
  return [
    255,
    0xd8,
    ...segment(0xe0, [...letters('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    ...code(0),
    ...code(0x10),
    ...(interval > 0 ? segment(0xdd, number(interval, 2, true)) : []),
    ...segment(0xc0, [
      8,
      ...number(image.height, 2, true),
      ...number(image.width, 2, true),
      components.length,
      ...frame,
    ]),
    ...data,
    255,
    0xd9,
  ]
}

export interface Image {
  readonly width: number
  readonly height: number
  /** Y, Cb and Cr, anywhere. */
  readonly component: (i: number, x: number, y: number) => number
}

function segment(marker: number, bytes: readonly number[]): number[] {
  return [255, marker, ...number(bytes.length + 2, 2, true), ...bytes]
}

/** The places of a block's numbers, from the mean to the finest. */
function zigzag(): number[] {
  const places = Array.from({ length: 64 }, (_, i) => [i % 8, Math.floor(i / 8)] as const)
  const turn = ([x, y]: readonly [number, number]): number => (x + y) * 8 + ((x + y) % 2 === 0 ? x : y)
  return places.sort((a, b) => turn(a) - turn(b)).map(([x, y]) => y * 8 + x)
}

/** The DCT of a block, rounded (T.81, A.3.3). */
function transform(sample: (x: number, y: number) => number): number[] {
  const wave = (x: number, u: number): number =>
    Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1)
  return Array.from({ length: 64 }, (_, i) => {
    let sum = 0
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) sum += sample(x, y) * wave(x, i % 8) * wave(y, Math.floor(i / 8))
    return Math.round(sum / 4)
  })
}
