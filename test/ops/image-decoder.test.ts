import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Image, jpeg, type JpegKind, letters, number } from './jpeg-writer.ts'
import { type Case, importCase, runCases, t } from './harness.ts'

// Images that are written here, by the rules of each format, and read by the compiled model.

type Color = readonly [number, number, number]
const [WIDTH, HEIGHT] = [9, 5]

/** A different colour at each place. */
function colorAt(x: number, y: number): Color {
  return [(x * 37 + y * 11) % 256, (x * 5 + y * 71 + 9) % 256, (x * 101 + y * 29 + 200) % 256]
}

const places = Array.from({ length: HEIGHT * WIDTH }, (_, i) => [i % WIDTH, Math.floor(i / WIDTH)] as const)
const colors = places.map(([x, y]) => colorAt(x, y))

function decoder(bytes: readonly number[], pixel_format?: string): Case {
  const attributes = pixel_format !== undefined && { attributes: { pixel_format } }
  return { op: 'ImageDecoder', inputs: [t('uint8', bytes)], dynamic: true, ...attributes }
}

async function decoded(files: readonly (readonly number[])[], pixel_format?: string): Promise<(readonly unknown[])[]> {
  const results = await runCases(files.map((file) => decoder(file, pixel_format)))
  return results.map(([image]) => {
    expect([image!.type, ...image!.dims]).toEqual(['uint8', HEIGHT, WIDTH, pixel_format === 'Grayscale' ? 1 : 3])
    return image!.values
  })
}

interface PngKind {
  readonly type: number
  readonly depth: number
  /** Samples of a pixel, and what they decode to. */
  readonly samples: (x: number, y: number) => readonly number[]
  readonly color: (x: number, y: number) => Color
}

const gray = (value: number): Color => [value, value, value]
const levels = (depth: number) => (x: number, y: number) => (x * 7 + y * 3) % 2 ** depth
const palette = Array.from({ length: 16 }, (_, i): Color => [i * 16, 255 - i, (i * 77) % 256])

const pngKinds: readonly PngKind[] = [
  ...[1, 2, 4, 8].map((depth) => ({
    type: 0,
    depth,
    samples: (x: number, y: number) => [levels(depth)(x, y)],
    color: (x: number, y: number) => gray((levels(depth)(x, y) * 255) / (2 ** depth - 1)),
  })),
  { type: 0, depth: 16, samples: (x, y) => [colorAt(x, y)[0] * 257], color: (x, y) => gray(colorAt(x, y)[0]) },
  { type: 2, depth: 8, samples: colorAt, color: colorAt },
  { type: 2, depth: 16, samples: (x, y) => colorAt(x, y).map((c) => c * 256 + 3), color: colorAt },
  ...[1, 2, 4, 8].map((depth) => ({
    type: 3,
    depth,
    samples: (x: number, y: number) => [levels(Math.min(depth, 4))(x, y)],
    color: (x: number, y: number) => palette[levels(Math.min(depth, 4))(x, y)]!,
  })),
  { type: 4, depth: 8, samples: (x, y) => [colorAt(x, y)[1], 77], color: (x, y) => gray(colorAt(x, y)[1]) },
  { type: 6, depth: 8, samples: (x, y) => [...colorAt(x, y), 5], color: colorAt },
]

const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/** A PNG with a filter of its own for each row, and its data in chunks of 50 bytes. */
function png({ type, depth, samples }: PngKind, interlaced: boolean): number[] {
  const passes = interlaced ? adam7 : [[0, 0, 1, 1] as const]
  const rows = passes.flatMap(([x0, y0, dx, dy]) => {
    const xs = Array.from({ length: Math.ceil((WIDTH - x0) / dx) }, (_, i) => x0 + i * dx)
    const ys = Array.from({ length: Math.ceil((HEIGHT - y0) / dy) }, (_, i) => y0 + i * dy)
    if (xs.length === 0) return []
    const packed = ys.map((y) =>
      packBits(
        xs.flatMap((x) => samples(x, y)),
        depth,
      ),
    )
    const step = Math.max(1, (samples(0, 0).length * depth) / 8)
    return packed.flatMap((row, i) => [i % 5, ...filtered(row, packed[i - 1] ?? row.map(() => 0), step, i % 5)])
  })
  const data = [...deflateSync(Uint8Array.from(rows))]
  const chunks = Array.from({ length: Math.ceil(data.length / 50) }, (_, i) => data.slice(i * 50, i * 50 + 50))
  const chunk = (name: string, bytes: readonly number[]): number[] => [
    ...number(bytes.length, 4, true),
    ...letters(name),
    ...bytes,
    ...number(0, 4, true),
  ]
  return [
    ...letters('\x89PNG\r\n\x1a\n'),
    ...chunk('IHDR', [...number(WIDTH, 4, true), ...number(HEIGHT, 4, true), depth, type, 0, 0, Number(interlaced)]),
    ...chunk('tEXt', [65, 0, 66]),
    ...(type === 3 ? chunk('PLTE', palette.flat()) : []),
    ...chunks.flatMap((bytes) => chunk('IDAT', bytes)),
    ...chunk('IEND', []),
  ]
}

function packBits(values: readonly number[], depth: number): number[] {
  if (depth === 16) return values.flatMap((value) => number(value, 2, true))
  const bits = values.map((value) => value.toString(2).padStart(depth, '0')).join('')
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
}

/** PNG, 9 "Filtering". */
function filtered(row: readonly number[], above: readonly number[], step: number, filter: number): number[] {
  return row.map((byte, i) => {
    const [a, b, c] = [row[i - step] ?? 0, above[i]!, above[i - step] ?? 0]
    const far = [a, b, c].map((guess) => Math.abs(a + b - c - guess))
    const paeth = far[0]! <= far[1]! && far[0]! <= far[2]! ? a : far[1]! <= far[2]! ? b : c
    return (byte - [0, a, b, Math.floor((a + b) / 2), paeth][filter]! + 256) % 256
  })
}

/** A bitmap of 24 or 32 bits a pixel, from the bottom up or from the top down. */
function bmp(depth: 24 | 32, down: boolean): number[] {
  const rows = Array.from({ length: HEIGHT }, (_, y) => {
    const row = Array.from({ length: WIDTH }, (_, x) => [...colorAt(x, y)].reverse()).flatMap((bgr) =>
      depth === 32 ? [...bgr, 0] : bgr,
    )
    return [...row, ...Array<number>((4 - (row.length % 4)) % 4).fill(0)]
  })
  const header = [40, WIDTH, down ? 2 ** 32 - HEIGHT : HEIGHT].flatMap((value) => number(value, 4, false))
  const start = [...number(0, 4, false), ...number(0, 4, false), ...number(54, 4, false)]
  const rest = [...number(1, 2, false), ...number(depth, 2, false), ...Array<number>(24).fill(0)]
  return [66, 77, ...start, ...header, ...rest, ...(down ? rows : rows.reverse()).flat()]
}

function tiff(big: boolean, rowsPerStrip: number): number[] {
  const pixels = colors.flat()
  const strips = Math.ceil(HEIGHT / rowsPerStrip)
  const table = 8 + 2 + 9 * 12 + 4
  const first = table + 4 * strips + 6
  const field = (tag: number, type: 3 | 4, count: number, value: number): number[] => {
    const size = type === 3 && count === 1 ? 2 : 4
    const bytes = [...number(value, size, big), ...Array<number>(4 - size).fill(0)]
    return [...number(tag, 2, big), ...number(type, 2, big), ...number(count, 4, big), ...bytes]
  }
  return [
    ...(big ? letters('MM') : letters('II')),
    ...number(42, 2, big),
    ...number(8, 4, big),
    ...number(9, 2, big),
    ...field(256, 3, 1, WIDTH),
    ...field(257, 3, 1, HEIGHT),
    ...field(258, 3, 3, table + 4 * strips),
    ...field(259, 3, 1, 1),
    ...field(262, 3, 1, 2),
    ...field(273, 4, strips, strips === 1 ? first : table),
    ...field(277, 3, 1, 3),
    ...field(278, 4, 1, rowsPerStrip),
    ...field(284, 3, 1, 1),
    ...number(0, 4, big),
    ...Array.from({ length: strips }, (_, i) => number(first + i * rowsPerStrip * WIDTH * 3, 4, big)).flat(),
    ...[8, 8, 8].flatMap((bits) => number(bits, 2, big)),
    ...pixels,
  ]
}

describe('ImageDecoder', () => {
  it('reads JPEG of every sampling, with restarts and with several scans', async () => {
    const image: Image = {
      width: 45,
      height: 35,
      component: (i, x, y) =>
        [128 + 60 * Math.sin(x / 9) + y / 2, 100 + x / 2 + y / 4, 150 - x / 3 + 10 * Math.cos(y / 8)][i]!,
    }
    const samplings = [
      [1, 1],
      [2, 1],
      [1, 2],
      [2, 2],
      [4, 1],
    ] as const
    const kinds: JpegKind[] = [
      {},
      { interval: 3 },
      ...samplings.flatMap((sampling) => [{ sampling }, { sampling, interval: 2 }, { sampling, apart: true }]),
    ]
    const results = await runCases(kinds.map((kind) => decoder(jpeg(kind, image))))
    results.forEach(([decodedImage], i) => {
      expect(decodedImage!.dims).toEqual([image.height, image.width, 3])
      const worst = decodedImage!.values.reduce<number>((most, value, at) => {
        const [x, y, channel] = [Math.floor(at / 3) % image.width, Math.floor(at / 3 / image.width), at % 3]
        const [luma, blue, red] = [0, 1, 2].map((c) => image.component(c, x, y) - (c === 0 ? 0 : 128)) as [
          number,
          number,
          number,
        ]
        const rgb = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
        const expected = kinds[i]!.sampling ? Math.min(255, Math.max(0, rgb[channel]!)) : luma
        return Math.max(most, Math.abs(Number(value) - expected))
      }, 0)
      expect(worst, JSON.stringify(kinds[i])).toBeLessThan(5)
    })
  })

  it('reads PNG of every colour type, depth, filter and interlacing', async () => {
    const all = pngKinds.flatMap((kind) => [false, true].map((interlaced) => ({ kind, file: png(kind, interlaced) })))
    const results = await decoded(all.map(({ file }) => file))
    all.forEach(({ kind }, i) => {
      const expected = places.flatMap(([x, y]) => kind.color(x, y))
      expect(results[i], `type ${kind.type}, depth ${kind.depth}`).toEqual(expected)
    })
  })

  it('reads BMP, TIFF and Netpbm images', async () => {
    const text = `P3\n# a comment\n${WIDTH} ${HEIGHT} 255\n${colors.flat().join(' ')}`
    const files = [
      ...([24, 32] as const).flatMap((depth) => [bmp(depth, false), bmp(depth, true)]),
      ...[1, 2, HEIGHT].flatMap((rows) => [tiff(false, rows), tiff(true, rows)]),
      letters(text),
      [...letters(`P6 ${WIDTH} ${HEIGHT} 255\n`), ...colors.flat()],
      [...letters(`P6\n${WIDTH} ${HEIGHT}\n65535\n`), ...colors.flat().flatMap((value) => [value, value])],
    ]
    for (const values of await decoded(files)) expect(values).toEqual(colors.flat())
    const bits = [
      ...letters(`P4\n${WIDTH} ${HEIGHT}\n`),
      ...places.filter(([x]) => x < 2).map(([x]) => [0b1011_0001, 0b1000_0000][x]!),
    ]
    const row = [0, 255, 0, 0, 255, 255, 255, 0, 0]
    expect((await decoded([bits]))[0]).toEqual(places.flatMap(([x]) => gray(row[x]!)))
  })

  it('gives blue first or gray where asked to', async () => {
    const file = png(
      pngKinds.find(({ type, depth }) => type === 2 && depth === 8)!,
      false,
    )
    expect((await decoded([file], 'BGR'))[0]).toEqual(colors.flatMap((color) => [...color].reverse()))
    // Pillow's convert('L').
    const luminance = ([r, g, b]: Color): number => Math.floor((r * 19595 + g * 38470 + b * 7471 + 32768) / 65536)
    expect((await decoded([file], 'Grayscale'))[0]).toEqual(colors.map(luminance))
  })

  it('refuses what it can not read', async () => {
    const whole = png(pngKinds[5]!, false)
    const refusals: readonly (readonly [readonly number[], RegExp])[] = [
      [letters('RIFF1234WEBPVP8 '), /no JPEG, PNG, BMP, TIFF or Netpbm image.*decode others before the model/],
      [[255, 216, 255, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0], /compressed or stored in a way/],
      [[], /no JPEG/],
      [whole.slice(0, 100), /broken or cut off/],
      [whole.with(60, whole[60]! ^ 1), /broken or cut off/],
      [bmp(24, false).with(30, 1), /compressed or stored in a way/],
    ]
    for (const [bytes, message] of refusals) await expect(runCases([decoder(bytes)])).rejects.toThrow(message)
    expect(() => importCase(decoder(whole, 'CMYK'))).toThrow(/pixel_format "CMYK" is not one of RGB, BGR, Grayscale/)
  })
})
