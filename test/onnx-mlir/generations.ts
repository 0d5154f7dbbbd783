/**
 * Help texts of onnx-mlir's generations, written after its table of options per release: the names of flags are what matters.
 * Only the last one exists as a recording of a real build.
 */
export type Generation = keyof typeof generations

const everyRelease = [
  'O0', 'O1', 'O2', 'O3', 'o <path>', 'v', 'maccel=<value>', 'march=<Target a specific architecture type>', 'mcpu=<value>', 'mtriple=<value>',
  'mllvm=<value>', 'Xopt=<value>', 'Xllc=<value>', 'shapeInformation=<value>', 'EmitONNXBasic', 'EmitONNXIR', 'EmitMLIR', 'EmitLLVMIR', 'EmitObj',
  'EmitLib', 'EmitJNI', 'parallel', 'instrument-ops=<string>', 'instrument-stage=<value>', 'InstrumentBeforeOp', 'InstrumentAfterOp',
  'InstrumentReportTime', 'InstrumentReportMemory', 'onnx-op-stats=<string>', 'preserveBitcode', 'preserveLLVMIR', 'preserveMLIR',
  'preserveLocations', 'printIR', 'verifyInputTensors', 'useOnnxModelTypes', 'repeatOnnxTransform=<int>', 'allowSorting',
  'customEnvFlags=<option env var>', 'invokeOnnxVersionConverter', 'simd-data-layout', 'disable-simd', 'help', 'help-hidden', 'version',
] // prettier-ignore
const nnpa = ['EmitZHighIR', 'EmitZLowIR', 'EmitZNONE']
const since041 = [
  'tag=<value>', 'store-constants-to-file', 'constants-to-file-single-threshold=<number>', 'constants-to-file-total-threshold=<number>',
  'modelSize=<value>', 'L <string>', 'l <string>', 'opt-report=<value>', 'profile-ir=<value>', 'functions-to-decompose=<string>', 'onnx-hybrid-pass',
] // prettier-ignore
const since042 = ['ops-for-call=<string>', 'disable-recompose', 'parallelize-ops=<string>', 'disable-constant-prop']
const nnpaSince042 = ['nnpa-placement-heuristic=<value>', 'nnpa-enable-scalar-bcast-binary']
const since043 = [
  'dimParams=<value>',
  'instrument-signature=<string>',
  'enable-timing',
  'enable-bound-check',
  'enable-fast-math',
]
const since050 = ['j <ulong>', 'do-not-emit-full-mlir-code', 'instrument-onnx-node=<string>', 'enable-safe-code-gen']
const nnpaSince050 = [
  'nnpa-quant-dynamic',
  'nnpa-quant-dynamic=<value>',
  'nnpa-quant-op-types[=<string>]',
  'nnpa-epsilon=<Float value>',
]
const since2026 = [
  'profile-ir-with-sig=<value>',
  'shapeInformationUB=<value>',
  'shapeInformationLB=<value>',
  'linalg-ops=<string>',
]

const values: Readonly<Record<string, readonly string[]>> = {
  maccel: ['NNPA', 'NONE'],
  modelSize: ['small', 'large'],
}
const optReports = {
  before043: ['NoReport', 'Parallel', 'Simd'],
  since043: ['NoReport', 'Parallel', 'Simd', 'NNPAUnsupportedOps'],
}

const version042 = (triple: string, sha: string) =>
  `onnx-mlir version 0.4.2, onnx version 1.16.2 (https://github.com/onnx/onnx-mlir.git ${sha})\nLLVM version 20.0.0git\n  Optimized build with assertions.\n  Default target: ${triple}\n  Host CPU: znver3\n`

export const generations = {
  '0.4.0': { flags: [everyRelease, nnpa], reports: optReports.before043, unknownFlagExit: 1 },
  '0.4.2': {
    flags: [
      everyRelease,
      nnpa,
      since041,
      since042,
      nnpaSince042,
      [
        'nnpa-load-device-placement-file=<value>',
        'nnpa-save-device-placement-file=<value>',
        'instrument-onnx-signature=<string>',
      ],
    ],
    reports: optReports.before043,
    unknownFlagExit: 1,
  },
  '0.5.0': {
    flags: [
      everyRelease,
      nnpa,
      since041,
      since042,
      nnpaSince042,
      since043,
      since050,
      nnpaSince050,
      ['nnpa-load-device-placement-file=<value>', 'nnpa-save-device-placement-file=<value>'],
    ],
    reports: optReports.since043,
    unknownFlagExit: 1,
  },
  'nnpa-config': {
    flags: [
      everyRelease,
      nnpa,
      since041,
      since042,
      nnpaSince042,
      since043,
      since050,
      nnpaSince050,
      ['nnpa-load-config-file=<value>', 'nnpa-save-config-file=<value>'],
    ],
    reports: optReports.since043,
    unknownFlagExit: 1,
  },
  'config-file': {
    flags: [
      everyRelease,
      nnpa,
      since041,
      since042,
      nnpaSince042,
      since043,
      since050,
      nnpaSince050,
      since2026,
      ['config-file=<path>', 'save-config-file=<path>'],
    ],
    reports: optReports.since043,
    unknownFlagExit: 13,
  },
  'config-file without NNPA': {
    flags: [
      everyRelease,
      since041,
      since042,
      since043,
      since050,
      since2026,
      ['config-file=<path>', 'save-config-file=<path>'],
    ],
    reports: ['NoReport', 'Parallel', 'Simd'],
    unknownFlagExit: 13,
  },
} as const

/** The text of `--help`, laid out as LLVM does. */
export function helpText(generation: Generation): string {
  const { flags, reports } = generations[generation]
  const withNnpa = flags.some((group: readonly string[]) => group === nnpa)
  const lines = flags.flat().flatMap((flag) => {
    const name = flag.split(/[=[ ]/)[0] ?? ''
    const dashes = name.length === 1 ? '-' : '--'
    const indent = /^(O\d|Emit|Instrument[BAR])/.test(name) ? '      ' : '  '
    const listed = name === 'opt-report' ? reports : name === 'maccel' && !withNnpa ? [] : (values[name] ?? [])
    return [
      `${indent}${dashes}${flag}`.padEnd(60) +
        '- What it does.\n' +
        ' '.repeat(62) +
        '--not-a-flag is only mentioned here.',
      ...listed.map((value) => `    =${value}`.padEnd(60) + '-   What it means.'),
    ]
  })
  return `OVERVIEW: ONNX-MLIR - A modular optimizer driver\n\nUSAGE: onnx-mlir [options] <input file>\n\nOPTIONS:\n\nGeneral options:\n\n${lines.join('\n')}\n`
}

/** The text of `--version`. */
export function versionText(
  triple = 'x86_64-unknown-linux-gnu',
  sha = '0123456789abcdef0123456789abcdef01234567',
): string {
  return version042(triple, sha)
}
