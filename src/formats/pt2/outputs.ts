import type { Site } from '../../onnx/reading.ts'
import { Field, parseJson } from './json.ts'

/**
 * Names for the outputs of a program, of which `values` are the names inside: the keys of a dict that forward returns, joined by
 * dots where dicts are nested, else the value's own name. The exporter of torch loses the keys.
 *
 * @param spec pytree of the outputs, as `torch.utils._pytree.treespec_dumps` writes it: `[1, {type, context, children_spec}]`
 */
export function outputNames(values: readonly string[], spec: string | undefined, site: Site): string[] {
  const keys =
    spec === undefined
      ? []
      : leavesOf(new Field(parseJson(new TextEncoder().encode(spec), site), 'out_spec', site).list()[1], [])
  const named = keys.length === values.length ? values.map((value, i) => keys[i] || value) : [...values]
  return new Set(named).size === named.length
    ? named
    : named.map((name, i) => (named.indexOf(name) === i ? name : `${name}_${i}`))
}

/** Of each leaf, the keys on the way to it, or `''` where there are none. */
function leavesOf(node: Field | undefined, path: readonly string[]): string[] {
  if (node === undefined || path.length > 50) return []
  const children = node.get('children_spec').list()
  const type = node.get('type')
  if (type.absent) return [path.some((part) => !/^\d+$/.test(part)) ? path.join('.') : '']
  const keys = keysOf(node, children.length)
  return children.flatMap((child, i) => leavesOf(child, [...path, keys?.[i] ?? String(i)]))
}

/** Keys of a dict, and of dataclasses that transformers registers: the context is their list, in JSON. */
function keysOf(node: Field, count: number): string[] | undefined {
  const context = node.get('context')
  if (typeof context.value !== 'string') return undefined
  const parsed = parseJson(new TextEncoder().encode(context.value), node.site)
  const keys = Array.isArray(parsed)
    ? parsed.map((key: unknown) => (typeof key === 'string' || typeof key === 'number' ? String(key) : ''))
    : []
  return keys.length === count && keys.every((key) => key !== '') ? keys : undefined
}
