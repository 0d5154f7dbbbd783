import { anchors } from './anchors.ts'

/** A place or size on the picture, in shares of its width and height. */
export type Pair = readonly [x: number, y: number]

export interface Face {
  /** How sure the network is, 0 to 1. */
  readonly score: number
  readonly centre: Pair
  readonly size: Pair
  /** Right eye, left eye, tip of the nose, mouth, right ear, left ear: as the person has them. */
  readonly points: readonly Pair[]
}

/** Side of the picture that the network sees, in pixels, which its numbers are in. */
export const SIDE = 128

/** Numbers per row: a box (centre and size), and six points. */
const WIDTH = 16

/** Boxes that share so much of their union are of one face. */
const SAME_FACE = 0.3

/**
 * The faces that the network found, the surest first.
 *
 * @param rows boxes and points [896, 16], relative to their anchors
 * @param logits [896]
 * @param least score of what counts as a face
 */
export function facesOf(rows: Float32Array, logits: Float32Array, least = 0.5): Face[] {
  const found = anchors.flatMap((_, row) => {
    const score = 1 / (1 + Math.exp(-logits[row]!))
    return score < least ? [] : [faceOf(rows.subarray(row * WIDTH, (row + 1) * WIDTH), row, score)]
  })
  return merged(found.sort((a, b) => b.score - a.score))
}

function faceOf(numbers: Float32Array, row: number, score: number): Face {
  const { x, y } = anchors[row]!
  const place = (at: number): Pair => [numbers[at]! / SIDE + x, numbers[at + 1]! / SIDE + y]
  return {
    score,
    centre: place(0),
    size: [numbers[2]! / SIDE, numbers[3]! / SIDE],
    points: [4, 6, 8, 10, 12, 14].map(place),
  }
}

/** Faces that overlap become one, their mean by their scores, as MediaPipe does (WEIGHTED non-maximum suppression). */
function merged(faces: readonly Face[]): Face[] {
  let left = faces
  const kept: Face[] = []
  while (left.length > 0) {
    const [best] = left as [Face]
    const same = left.filter((face) => face === best || overlap(best, face) > SAME_FACE)
    kept.push(mean(same))
    left = left.filter((face) => !same.includes(face))
  }
  return kept
}

function mean(faces: readonly Face[]): Face {
  const total = faces.reduce((sum, { score }) => sum + score, 0)
  const of = (pair: (face: Face) => Pair): Pair => {
    const axis = (i: 0 | 1): number => faces.reduce((sum, face) => sum + face.score * pair(face)[i], 0) / total
    return [axis(0), axis(1)]
  }
  const { score, points } = faces[0]!
  return {
    score,
    centre: of(({ centre }) => centre),
    size: of(({ size }) => size),
    points: points.map((_, i) => of((face) => face.points[i]!)),
  }
}

/** What two boxes share, of what both cover. */
function overlap(a: Face, b: Face): number {
  const along = (i: 0 | 1): number => {
    const end = Math.min(a.centre[i] + a.size[i] / 2, b.centre[i] + b.size[i] / 2)
    return Math.max(0, end - Math.max(a.centre[i] - a.size[i] / 2, b.centre[i] - b.size[i] / 2))
  }
  const shared = along(0) * along(1)
  return shared / (a.size[0] * a.size[1] + b.size[0] * b.size[1] - shared)
}
