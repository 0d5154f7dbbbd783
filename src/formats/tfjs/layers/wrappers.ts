import type { Json } from '../json.ts'
import type { Value } from '../value.ts'
import type { Layer, LayerCall, Layers } from './call.ts'
import { joinedBy } from './merging.ts'
import { flipped, kinds, type Recurrence, recurrence } from './recurrent.ts'

interface Inner {
  readonly kind: string
  readonly name: string
  readonly config: Json
}

function innerOf(layer: Json): Inner {
  const config = layer.at('config')
  return { kind: layer.at('class_name').text(), name: config.at('name').text(''), config }
}

/** Layers that have others in them; `apply` calls any layer. */
export function wrappers(apply: (call: LayerCall) => Value[]): Layers {
  /** The same for each step: steps become rows of the batch. */
  const timeDistributed: Layer = (call) => {
    const { b, x } = call
    const [batch, steps, ...rest] = b.shape(x)
    if (b.rank(x) < 3) b.wrong(`takes a tensor of rank 3 or more, and is given one of rank ${b.rank(x)}`)
    const sizes = rest.map((_, i) => b.size(x, i + 2))
    const rows = b.value(b.writer.reshape(b.get(x), [-1, ...sizes]), x.type, [undefined, ...sizes])
    const { kind, name, config } = innerOf(call.config.at('layer'))
    const [result] = apply(call.inner(kind, name, config.within(b.site), [rows]))
    const out = b.shape(result!).slice(1)
    const kept = out.map((_, i) => b.size(result!, i + 1))
    const given = b.op('Concat', [b.writer.sizes(b.get(x), 0, 2), b.writer.ints(kept)], { axis: 0n })
    return b.value(b.op('Reshape', [b.get(result!), given]), result!.type, [batch, steps, ...kept])
  }

  /**
   * Both directions; that of the backward one is told in the order of the steps. A layer that goes backwards itself has all of it
   * the other way round. Keras puts the directions before the layers' names.
   */
  const bidirectional: Layer = (call) => {
    const { b, config, inputs } = call
    const forward = innerOf(config.at('layer'))
    const backward = config.at('backward_layer').isThere ? innerOf(config.at('backward_layer')) : forward
    const [given, ...states] = inputs
    if (!given) return b.wrong('takes a tensor, and is given none')
    const settings = forward.config.within(b.site)
    const [turned, other] = [forward, backward].map((layer) => layer.config.at('go_backwards').truth(false))
    if (backward !== forward && turned === other) b.wrong('has two layers of one direction')
    const x = turned ? flipped(call, given) : given
    const half = states.length / 2
    const [there, back] = [forward, backward].map(({ kind, name, config: own }, i) => {
      const known = (Object.hasOwn(kinds, kind) ? kinds[kind] : undefined) ?? b.fail(`has a ${kind} in both directions`)
      const prefix = i === 0 ? 'forward_' : 'backward_'
      const full = prefix + name.replace(/^(for|back)ward_/, '')
      const layer = call.inner(kind, full, own.within(b.site), [])
      return recurrence(layer, known, x, i === 1, states.slice(i * half, (i + 1) * half))
    }) as [Recurrence, Recurrence]
    const isSequence = settings.at('return_sequences').truth(false)
    const results = [there, back].map((made) => (isSequence ? made.sequence : made.states[0]!)) as [Value, Value]
    const mode = config.at('merge_mode').value === null ? 'none' : config.at('merge_mode').text('concat')
    const join = Object.hasOwn(joinedBy, mode) ? joinedBy[mode]! : mode === 'none' ? undefined : config.at('merge_mode').wrong(Object.keys(joinedBy).join(', ')) // prettier-ignore
    const joined = join ? [join(b, ...results)] : results
    return settings.at('return_state').truth(false) ? [...joined, ...there.states, ...back.states] : joined
  }

  return { TimeDistributed: timeDistributed, Bidirectional: bidirectional }
}
