import { alexNet } from './alexnet.ts'
import { bert, sentenceEmbedding } from './bert.ts'
import { crnn } from './crnn.ts'
import { efficientNet } from './efficientnet.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'
import type { MadeModel } from './made-model.ts'
import { mobileNetInt8 } from './mobilenet-int8.ts'
import { mobileNetV1 } from './mobilenet-v1.ts'
import { mobileNetV2 } from './mobilenet-v2.ts'
import { mobileNetV3, mobileNetV3Small } from './mobilenet-v3.ts'
import { quartzNet } from './quartznet.ts'
import { forest } from './trees.ts'
import { unet } from './unet.ts'
import { vit } from './vit.ts'
import { whisperDecoder, whisperEncoder } from './whisper.ts'
import { yolox } from './yolox.ts'

/** A model as it is deployed, and its twin that has few layers and channels: what tests compile. */
export interface Entry {
  readonly large: () => MadeModel
  readonly small: () => MadeModel
}

function entry<Size>(make: (name: string, size: Size) => MadeModel, name: string, large: Size, small: Size): Entry {
  return { large: () => make(name, large), small: () => make(name, small) }
}

const tinyTransformer = { layers: 2, width: 32, heads: 4, vocabulary: 101, length: 12 } as const
const tinyWhisper = { layers: 2, width: 32, heads: 4, vocabulary: 101, frames: 40, past: 9 } as const
const whisperTiny = { layers: 4, width: 384, heads: 6, vocabulary: 51865, frames: 3000, past: 32 } as const
const mobileNet = { pixels: 224, classes: 1000 } as const
const tinyPicture = { pixels: 32, classes: 10 } as const

const llamaSize = { layers: 8, width: 512, heads: 8, groups: 4, hidden: 1376, vocabulary: 32000, length: 128 } as const
const vitSize = { layers: 12, width: 768, heads: 12, patch: 16, pixels: 224, classes: 1000 } as const

/** All there are, by name. */
export const models: Readonly<Record<string, Entry>> = {
  alexnet: entry(alexNet, 'alexnet', { width: 64, hidden: 4096, classes: 1000 }, { width: 8, hidden: 40, classes: 10 }),
  'bert-base': entry(
    bert,
    'bert-base',
    { layers: 12, width: 768, heads: 12, vocabulary: 30522, length: 128 },
    tinyTransformer,
  ),
  crnn: entry(
    crnn,
    'crnn',
    { width: 64, hidden: 256, letters: 37, pixels: 160 },
    { width: 4, hidden: 12, letters: 11, pixels: 40 },
  ),
  'efficientnet-b0': entry(efficientNet, 'efficientnet-b0', { ...mobileNet, stages: 7 }, { ...tinyPicture, stages: 3 }),
  'forest-100': entry(
    forest,
    'forest-100',
    { trees: 100, depth: 8, features: 30, classes: 3, rows: 1000 },
    { trees: 10, depth: 4, features: 5, classes: 3, rows: 20 },
  ),
  'gpt2-124m': entry(
    gpt2,
    'gpt2-124m',
    { layers: 12, width: 768, heads: 12, vocabulary: 50257, positions: 1024, length: 64 },
    { ...tinyTransformer, positions: 48 },
  ),
  'llama-58m': entry(llama, 'llama-58m', llamaSize, { ...tinyTransformer, groups: 2, hidden: 48 }),
  'minilm-l6': entry(
    sentenceEmbedding,
    'minilm-l6',
    { layers: 6, width: 384, heads: 12, vocabulary: 30522, length: 128 },
    tinyTransformer,
  ),
  'mobilenet-v1': entry(
    mobileNetV1,
    'mobilenet-v1',
    { ...mobileNet, width: 32, repeats: 5 },
    { ...tinyPicture, width: 4, repeats: 1 },
  ),
  'mobilenet-v2': entry(mobileNetV2, 'mobilenet-v2', { ...mobileNet, stages: 7 }, { ...tinyPicture, stages: 3 }),
  'mobilenet-v2-int8': entry(
    mobileNetInt8,
    'mobilenet-v2-int8',
    { ...mobileNet, stages: 7 },
    { ...tinyPicture, stages: 3 },
  ),
  'mobilenet-v3': entry(mobileNetV3, 'mobilenet-v3', { ...mobileNet, blocks: 15 }, { ...tinyPicture, blocks: 7 }),
  'mobilenet-v3-small': entry(
    mobileNetV3Small,
    'mobilenet-v3-small',
    { ...mobileNet, blocks: 11 },
    { ...tinyPicture, blocks: 5 },
  ),
  'quartznet-5x5': entry(
    quartzNet,
    'quartznet-5x5',
    { blocks: 5, repeats: 5, width: 256, frames: 500 },
    { blocks: 3, repeats: 2, width: 16, frames: 100 },
  ),
  unet: entry(
    unet,
    'unet',
    { width: 32, levels: 5, classes: 2, pixels: 256 },
    { width: 8, levels: 3, classes: 2, pixels: 32 },
  ),
  'vit-b16': entry(vit, 'vit-b16', vitSize, {
    layers: 2,
    width: 32,
    heads: 4,
    patch: 8,
    pixels: 32,
    classes: 10,
  }),
  'whisper-tiny-decoder': entry(whisperDecoder, 'whisper-tiny-decoder', whisperTiny, tinyWhisper),
  'whisper-tiny-encoder': entry(whisperEncoder, 'whisper-tiny-encoder', whisperTiny, tinyWhisper),
  'yolox-nano': entry(yolox, 'yolox-nano', { pixels: 416, width: 16, depth: 3 }, { pixels: 64, width: 4, depth: 1 }),
}
