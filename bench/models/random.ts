import type { Tensor } from '../../src/onnx/model.ts'
import { elementsOf, tensorFrom, tensorOfArray } from '../../src/onnx/tensor.ts'
import { randomNumbers } from '../../src/compilers/random-numbers.ts'

/** Spread of random values around their mean. */
export interface Spread {
  readonly std: number
  readonly mean?: number
}

/** FNV-1a: each weight has a seed of its own, so that it stays what it is when others come and go. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/**
 * Random floats, the same for the same name. The sum of two uniform numbers: near enough to a normal one, and none is
 * far out.
 */
export function randomFloats(name: string, dims: readonly number[], { std, mean = 0 }: Spread): Float32Array {
  const next = randomNumbers(seedOf(name))
  const scale = std * Math.sqrt(6) // of two uniform numbers in [-0.5, 0.5), whose variance is 1/12 each
  const values = new Float32Array(elementsOf(dims))
  for (let i = 0; i < values.length; i++) values[i] = (next() + next() - 1) * scale + mean
  return values
}

/** The same as a tensor, whose values are made whenever they are asked for, so that a model that is not written costs nothing. */
export function randomTensor(name: string, dims: readonly number[], spread: Spread): Tensor {
  return {
    type: 'float32',
    dims,
    get data() {
      return tensorOfArray('float32', dims, randomFloats(name, dims, spread)).data
    },
  }
}

/** What pictures, spectrograms and rows of features are once they are normalised. */
export function normalised(name: string, dims: readonly number[]): Tensor {
  return randomTensor(name, dims, { std: 1 })
}

/** Token ids below `vocabulary`. */
export function tokens(name: string, dims: readonly number[], vocabulary: number): Tensor {
  const next = randomNumbers(seedOf(name))
  return int64(
    dims,
    Array.from({ length: elementsOf(dims) }, () => Math.floor(next() * vocabulary)),
  )
}

/** An attention mask over tokens that are all there, or only the first `there` of each row. */
export function maskOf([rows, length]: readonly [number, number], there = length): Tensor {
  return int64(
    [rows, length],
    Array.from({ length: rows * length }, (_, i) => Number(i % length < there)),
  )
}

/** Positions of tokens, counted from `from`. */
export function positions([rows, length]: readonly [number, number], from = 0): Tensor {
  return int64(
    [rows, length],
    Array.from({ length: rows * length }, (_, i) => from + (i % length)),
  )
}

export function int64(dims: readonly number[], values: readonly number[]): Tensor {
  return tensorFrom('int64', dims, values)
}
