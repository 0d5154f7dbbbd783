import type { Converter, Handler } from '../converter.ts'
import { flexOptions } from '../flexbuffer.ts'

interface Settings {
  readonly most: number
  readonly classesPerBox: number
  readonly perClass: number
  readonly classes: number
  readonly scoreThreshold: number
  readonly overlapThreshold: number
  readonly scales: { readonly y: number; readonly x: number; readonly h: number; readonly w: number }
}

/**
 * Boxes `[1, N, 4]`, scores `[1, N, classes]` (a background class may come first), anchors `[N, 4]`: boxes, classes, scores and
 * how many of them count, filled up with zeros (LiteRT kernels/detection_postprocess.cc). The usual way suppresses boxes once,
 * by the best class of each; the other way class by class.
 */
const postProcess: Handler = (c, { inputs, outputs, customOptions }) => {
  const [boxes = -1, scores = -1, anchors = -1] = inputs
  const read = flexOptions(customOptions)
  const needed = (name: string): number => read(name) ?? c.fail(`has a TFLite_Detection_PostProcess without ${name}`)
  const settings: Settings = {
    most: needed('max_detections'),
    classesPerBox: needed('max_classes_per_detection'),
    perClass: read('detections_per_class') ?? 100,
    classes: needed('num_classes'),
    // Scores that equal the threshold count, which ONNX leaves out.
    scoreThreshold: below(needed('nms_score_threshold')),
    overlapThreshold: needed('nms_iou_threshold'),
    scales: { y: needed('y_scale'), x: needed('x_scale'), h: needed('h_scale'), w: needed('w_scale') },
  }
  const columns = c.size(scores, 2) ?? c.fail('has a TFLite_Detection_PostProcess of scores of no known size')
  const decoded = decode(c, boxes, anchors, settings)
  const first = columns - settings.classes
  const real = c.real(scores)
  const ofClasses = first <= 0 ? real : c.op('Slice', [real, ints(c, first), ints(c, columns), ints(c, 2)])
  const isPerClass = (read('use_regular_nms') ?? 0) !== 0
  const found = isPerClass ? byClass(c, decoded, ofClasses, settings) : atOnce(c, decoded, ofClasses, settings)
  setPadded(c, outputs, found, settings)
}

/** The greatest float32 below a positive one. */
function below(value: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer)
  if (value > 0) bits[0]!--
  return value > 0 ? new Float32Array(bits.buffer)[0]! : value - 1e-30
}

function ints(c: Converter, ...values: number[]): string {
  return c.writer.ints(values)
}

/** Corners [1, N, 4] as y and x of one, y and x of the other: centres move by sizes of anchors, sizes are exponents. */
function decode(c: Converter, boxes: number, anchors: number, { scales }: Settings): string {
  const constant = (values: number[]): string => c.writer.constant('float32', values)
  const four = c.op('Slice', [c.real(boxes), ints(c, 0), ints(c, 4), ints(c, 2)])
  const part = (value: string, from: number, axis: number): string =>
    c.op('Slice', [value, ints(c, from), ints(c, from + 2), ints(c, axis)])
  const anchor = c.real(anchors)
  const [centre, size] = [part(anchor, 0, 1), part(anchor, 2, 1)]
  const moved = c.op('Mul', [c.op('Div', [part(four, 0, 2), constant([scales.y, scales.x])]), size])
  const middle = c.op('Add', [moved, centre])
  const grown = c.op('Exp', [c.op('Div', [part(four, 2, 2), constant([scales.h, scales.w])])])
  const half = c.op('Mul', [c.op('Mul', [grown, size]), c.writer.scalar(0.5, 'float32')])
  return c.op('Concat', [c.op('Sub', [middle, half]), c.op('Add', [middle, half])], { axis: 2n })
}

/** What was found: rows of corners [K, 4], classes and scores [K], of which the first `most` count. */
interface Found {
  readonly boxes: string
  readonly classes: string
  readonly scores: string
}

function suppress(c: Converter, boxes: string, scores: string, most: number, settings: Settings): string {
  const threshold = c.writer.constant('float32', [settings.scoreThreshold])
  return c.op('NonMaxSuppression', [
    boxes,
    scores,
    ints(c, most),
    c.writer.constant('float32', [settings.overlapThreshold]),
    threshold,
  ])
}

function column(c: Converter, rows: string, index: number): string {
  return c.op('Gather', [rows, c.writer.scalar(index, 'int64')], { axis: 1n })
}

/** One suppression by the best score of each box; each box that is left gives its best classes. */
function atOnce(c: Converter, boxes: string, scores: string, settings: Settings): Found {
  const best = c.op('Unsqueeze', [c.op('ReduceMax', [scores, ints(c, 2)], { keepdims: 0n }), ints(c, 1)])
  const kept = column(c, suppress(c, boxes, best, settings.most, settings), 2)
  const count = Math.min(settings.classesPerBox, settings.classes)
  const rows = c.op('Gather', [c.op('Squeeze', [scores, ints(c, 0)]), kept], { axis: 0n })
  const [top = '', classes = ''] = c.writer.ops('TopK', [rows, ints(c, count)], 2, { axis: 1n })
  const corners = c.op('Gather', [c.op('Squeeze', [boxes, ints(c, 0)]), kept], { axis: 0n })
  const repeated = c.op('Expand', [c.op('Unsqueeze', [corners, ints(c, 1)]), ints(c, 1, count, 1)])
  const flat = (value: string): string => c.op('Reshape', [value, ints(c, -1)])
  return { boxes: c.op('Reshape', [repeated, ints(c, -1, 4)]), classes: flat(classes), scores: flat(top) }
}

/** A suppression per class, of which the best of all classes count. */
function byClass(c: Converter, boxes: string, scores: string, settings: Settings): Found {
  const selected = suppress(c, boxes, c.transpose(scores, [0, 2, 1]), settings.perClass, settings)
  const [classes, kept] = [column(c, selected, 1), column(c, selected, 2)]
  const pairs = c.op('Slice', [selected, ints(c, 1), ints(c, 3), ints(c, 1)])
  const perClass = c.op('Squeeze', [c.transpose(scores, [0, 2, 1]), ints(c, 0)])
  const values = c.op('GatherND', [perClass, pairs])
  const count = c.op('Min', [c.op('Shape', [values]), ints(c, settings.most)])
  const [top = '', order = ''] = c.writer.ops('TopK', [values, count], 2, { axis: 0n })
  const inOrder = (value: string): string => c.op('Gather', [value, order], { axis: 0n })
  const corners = c.op('Gather', [c.op('Squeeze', [boxes, ints(c, 0)]), inOrder(kept)], { axis: 0n })
  return { boxes: corners, classes: inOrder(classes), scores: top }
}

function setPadded(c: Converter, outputs: readonly number[], found: Found, { most }: Settings): void {
  const [boxes = -1, classes = -1, scores = -1, number = -1] = outputs
  const count = c.op('Min', [c.op('Shape', [found.scores]), ints(c, most)])
  const zero = ints(c, 0)
  const missing = c.op('Sub', [ints(c, most), count])
  const filled = (value: string, isRows: boolean): string => {
    const cut = c.op('Slice', [value, zero, count, zero])
    const pads = isRows ? [zero, zero, missing, zero] : [zero, missing]
    const padded = c.op('Pad', [cut, c.op('Concat', pads, { axis: 0n }), c.writer.scalar(0, 'float32')])
    return c.op('Unsqueeze', [padded, zero])
  }
  c.set(boxes, filled(found.boxes, true))
  c.set(classes, filled(c.cast(found.classes, 'float32'), false))
  c.set(scores, filled(found.scores, false))
  c.set(number, c.cast(count, 'float32'))
}

/**
 * Boxes `[N, 4]` and scores `[N]`: indices of the boxes that are left, filled up to `max_output_size` with zeros, and how many
 * they are (kernels/non_max_suppression.cc).
 */
function suppression(hasScores: boolean): Handler {
  return (c, { inputs, outputs }) => {
    const [boxes = -1, scores = -1, most = -1, overlap = -1, threshold = -1, sigma = -1] = inputs
    if (hasScores && c.numbers(sigma)?.[0] !== 0) c.fail('has a NON_MAX_SUPPRESSION_V5 with soft suppression (sigma)')
    const one = (value: string): string => c.op('Reshape', [value, ints(c, 1)])
    const limit = one(c.int64(most))
    const batch = (tensor: number, ...axes: number[]): string => c.op('Unsqueeze', [c.real(tensor), ints(c, ...axes)])
    const selected = c.op('NonMaxSuppression', [
      batch(boxes, 0),
      batch(scores, 0, 1),
      limit,
      one(c.real(overlap)),
      one(c.real(threshold)),
    ])
    const kept = column(c, selected, 2)
    const count = c.op('Shape', [kept])
    const pads = c.op('Concat', [ints(c, 0), c.op('Sub', [limit, count])], { axis: 0n })
    c.set(outputs[0]!, c.cast(c.op('Pad', [kept, pads, c.writer.scalar(0, 'int64')]), 'int32'))
    if (hasScores) {
      const values = c.op('Gather', [c.real(scores), kept], { axis: 0n })
      c.set(outputs[1]!, c.op('Pad', [values, pads, c.writer.scalar(0, 'float32')]))
    }
    c.set(outputs[hasScores ? 2 : 1]!, c.cast(c.op('Reshape', [count, c.writer.ints([])]), 'int32'))
  }
}

export const detection: Readonly<Record<string, Handler>> = {
  NON_MAX_SUPPRESSION_V4: suppression(false),
  NON_MAX_SUPPRESSION_V5: suppression(true),
}

export const customDetection: Readonly<Record<string, Handler>> = { TFLite_Detection_PostProcess: postProcess }
