import { add, type Dim, multiply } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

const pixelFormats = { RGB: 'OM_IMAGE_RGB', BGR: 'OM_IMAGE_BGR', Grayscale: 'OM_IMAGE_GRAY' }

function pixelsOf(node: Node): string {
  return choiceOf(node, 'pixel_format', 'RGB', pixelFormats)
}

/** Reads the image of input 0, with `to` for its pixels and `work` as C expressions, and ends the call where it can't. */
function decode(node: Node, k: KernelWriter, to: string, work: string): void {
  k.include('image-decode.h')
  const bytes = k.count(node.input(0).dims)
  k.line(`om_image image = {.data = ${k.input(0)}, .bytes = ${bytes}, .pixels = ${pixelsOf(node)}, .to = ${to}};`)
  k.line(`const om_image_status status = om_decode_image(&image, ${work});`)
  k.failIf(
    'status == OM_IMAGE_UNKNOWN',
    'the bytes are no JPEG, PNG, BMP, TIFF or Netpbm image, which are the formats that are decoded; decode others before the model',
  )
  k.failIf('status == OM_IMAGE_UNSUPPORTED', 'the image is compressed or stored in a way that is not decoded')
  k.failIf('status == OM_IMAGE_BROKEN', 'the image is broken or cut off')
}

/**
 * ONNX ImageDecoder-20, of sequential JPEG, PNG, BMP, TIFF and Netpbm images. Progressive JPEG, JPEG 2000 and WebP are not
 * decoded: an artifact brings no library along, and their decoders are too much code that reads untrusted bytes to be
 * written anew.
 */
const ImageDecoder: LoweredOperator = {
  name: 'ImageDecoder',
  rules: takes('encoded_stream:uint8[_]'),
  infer: (node, context): ValueInfo[] => [
    { type: 'uint8', shape: [context.freshDim(), context.freshDim(), pixelsOf(node) === 'OM_IMAGE_GRAY' ? 1 : 3] },
  ],
  sizes(node, k) {
    decode(node, k, 'NULL', 'NULL')
    const [height, width] = node.output().dims.map((dim) => (typeof dim === 'number' ? '' : k.symbol(dim)))
    k.line(`*${height} = image.height;\n*${width} = image.width;`)
  },
  lower(node, k) {
    const [height, width] = node.output().dims as [Dim, Dim, Dim]
    // OM_IMAGE_SCRATCH of native/kernels/image-decode.h: for PNG, and for JPEG.
    const planes = multiply(3, multiply(add(width, 32), add(height, 32)))
    const work = k.scratch(add(add(multiply(width, 16), 35000), planes), 'void')
    decode(node, k, k.output(), work)
  },
}

export const images: readonly LoweredOperator[] = [ImageDecoder]
