import { defaultLimits, type ReadLimits } from '../onnx/limits.ts'
import { type DirectiveName, directives } from '../request/directives.ts'
import { parseRequest } from '../request/request.ts'
import { expectFields, wrongOption } from '../options/expect.ts'
import {
  isObject,
  kinds,
  type KindsOf,
  objectOf,
  type OptionKind,
  type OptionKinds,
  orFalse,
} from '../options/kinds.ts'
import { onnxMlirKind } from './onnx-mlir-kinds.ts'
import type { PluginOptions } from './plugin-options.ts'
import type { ReportSettings } from './report-settings.ts'

/** What `limits` of options may say. */
export const limitsKind = objectOf(
  Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, kinds.amount])) as unknown as KindsOf<ReadLimits>,
)

const report: KindsOf<ReportSettings> = {
  minNnpa: {
    expected: 'a share from 0 to 1, like 0.9',
    isRight: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  folder: kinds.folder,
}

/** Options that every way to compile models takes, but for the directives, which read their values themselves. */
const ofPipelines: KindsOf<Omit<PluginOptions, DirectiveName>> = {
  cache: orFalse(kinds.folder),
  externalData: kinds.boolean,
  limits: limitsKind,
  onnxMlir: onnxMlirKind,
  operators: kinds.objects,
  python: {
    expected: 'the path of a Python, or false',
    isRight: (value) => value === false || kinds.text.isRight(value),
  },
  report: orFalse(objectOf(report)),
}

const sizes: OptionKind = {
  expected: 'an object like { batch: 1 }',
  // A Map has no properties, and would count for nothing.
  isRight: (value) => isObject(value) && !(Symbol.iterator in value),
}

/** Directives read the text of what they are given, and a list has one, too. */
const scalar: Pick<OptionKind, 'isRight'> = {
  isRight: (value) => ['string', 'number', 'boolean'].includes(typeof value),
}

/**
 * As `expectFields`, for options among which are directives, too.
 *
 * @param place that they were given in, for the message
 * @param more options of that place alone
 * @throws UsageError `USAGE_OPTION`; `USAGE_DIRECTIVE` or a more specific code for the value of a directive
 */
export function expectOptions(options: unknown, place: string, more: OptionKinds = {}): asserts options is object {
  expectDirectivesAnd({ ...ofPipelines, ...more }, options, place)
}

/** As `expectOptions`, for places that take no option of a pipeline but those in `fields`. */
export function expectDirectivesAnd(fields: OptionKinds, options: unknown, place: string): asserts options is object {
  expectFields(options, place, fields, Object.keys(directives))
  const given = Object.entries(options).filter(
    ([name]) => Object.hasOwn(directives, name) && !Object.hasOwn(fields, name),
  )
  for (const [name, value] of given) {
    const { syntax } = directives[name as DirectiveName]
    if (value === null) throw wrongOption(place, name, null, `${syntax} as a value, or left out`)
    const { expected, isRight } = name === 'dims' ? sizes : { ...scalar, expected: `one value of ${syntax}` }
    if (value !== undefined && !isRight(value)) throw wrongOption(place, name, value, expected)
  }
  parseRequest('', Object.fromEntries(given))
}
