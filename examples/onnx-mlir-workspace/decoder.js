/**
 * Decoders as they are exported from GPT-2 and its like: `input_ids` in, `logits` out. Beside the tokens they may want
 * `attention_mask`, `position_ids`, and keys and values of the tokens before (`past_key_values.0.key` …), which they
 * give back with the new tokens' added (`present.0.key` …).
 */
const past = /^past_key_values\./
const known = /^(?:input_ids|attention_mask|position_ids|past_key_values\..+)$/

export function isDecoder({ inputs, outputs }) {
  return (
    inputs.some(({ name }) => name === 'input_ids') &&
    inputs.every(({ name }) => known.test(name)) &&
    outputs.some(({ name }) => name === 'logits')
  )
}

/**
 * Greedy decoding: the most likely token each time.
 *
 * @param {number[]} prompt tokens to continue
 * @param {number} count how many tokens to add
 * @returns the added tokens, and the milliseconds that each took
 */
export async function continueTokens(model, prompt, count) {
  const length = model.inputs.find(({ name }) => name === 'input_ids').shape[1]
  const isCached = model.inputs.some(({ name }) => past.test(name))
  if (typeof length === 'number' && (isCached || prompt.length + count > length + 1))
    throw new RangeError(
      `${model.name} takes exactly ${length} tokens: fewer tokens to add, or an export with any length`,
    )

  const all = [...prompt]
  const ms = []
  let outputs
  while (all.length < prompt.length + count) {
    const started = performance.now()
    // With the keys and values of the tokens before, only the newest is computed.
    const begin = isCached && outputs ? all.length - 1 : 0
    const end = all.length
    outputs = await model.run(inputsFor(model, all, begin, typeof length === 'number' ? length : end, outputs))
    all.push(mostLikely(outputs.logits, end - begin - 1))
    ms.push(performance.now() - started)
  }
  return { tokens: all.slice(prompt.length), ms }
}

/** Inputs for the tokens from `begin` to `end`, where those beyond the last are masked: a decoder never looks ahead. */
function inputsFor({ inputs }, tokens, begin, end, outputs) {
  const positions = Array.from({ length: end - begin }, (_, i) => begin + i)
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      if (name === 'input_ids') return [name, row(type, positions.map((position) => tokens[position] ?? 0))] // prettier-ignore
      if (name === 'position_ids') return [name, row(type, positions)]
      if (name === 'attention_mask') {
        return [
          name,
          row(
            type,
            Array.from({ length: end }, (_, position) => (position < tokens.length ? 1 : 0)),
          ),
        ]
      }
      const present = outputs?.[name.replace(past, 'present.')]
      // Before the first token there is nothing: [batch, heads, 0, size].
      return [name, present ?? { data: [], dims: [1, shape[1], 0, shape[3]] }]
    }),
  )
}

/** One sequence of whole numbers, in the element type that the model takes. */
function row(type, values) {
  return { data: type === 'int64' ? BigInt64Array.from(values, BigInt) : values, dims: [1, values.length] }
}

/** The index of the largest logit at a position; dims are [1, positions, vocabulary]. */
function mostLikely({ data, dims }, position) {
  const size = dims.at(-1)
  const begin = position * size
  let best = begin
  for (let i = begin + 1; i < begin + size; i++) if (data[i] > data[best]) best = i
  return best - begin
}
