/**
 * What the driver's error texts mean and what to do about them. The first that matches decides, so that the texts which name
 * a cause come before those that only say that something failed. Sources: runs of a real build (commit cc5be7b), and issue threads of onnx-mlir.
 */

/** An explanation in terms of the user's model and options. */
export interface Failure {
  readonly code: string
  /** What happened, as the middle of a sentence. */
  readonly why: string
  /** What to do. */
  readonly way: string
  /** ONNX operators that the text names: it means one of them. */
  readonly ops?: readonly string[]
  /** Node that the text names. */
  readonly node?: string
  /** Something of the machine is missing, and not of the model. */
  readonly environment?: boolean
}

interface Pattern {
  readonly text: RegExp
  readonly explain: (match: RegExpExecArray) => Failure
}

const withoutOnnxMlir = 'Use the built-in compiler for this model (compiler=builtin).'

const patterns: readonly Pattern[] = [
  {
    text: /No space left on device|Disk quota exceeded/i,
    explain: () => ({
      code: 'ENVIRONMENT_DISK',
      why: 'the disk is full',
      way: 'Free some space, or set TMPDIR to a folder on another disk.',
      environment: true,
    }),
  },
  {
    text: /error while loading shared libraries: ([^:\s]+)/,
    explain: ([, library = '']) => ({
      code: 'ENVIRONMENT_ONNX_MLIR',
      why: `the library ${library} that it or one of its tools needs is missing`,
      way: 'Install the package that has it, or set LD_LIBRARY_PATH to its folder.',
      environment: true,
    }),
  },
  {
    // The text glues the operator's name to the next word: "op onnx.Customis not currently available".
    text: /Implementation of shape helper for op (?:onnx\.)?([\w.]+?)\s*is not currently available/,
    explain: ([, op = '']) => unsupported([op]),
  },
  {
    // Stands for an optional input that a node leaves out.
    text: /failed to legalize operation 'onnx\.NoValue'/,
    explain: () => ({
      code: 'UNSUPPORTED_OPERATOR',
      why: 'it has no code for an operator of the model with an optional input left out',
      way: '',
    }),
  },
  { text: /failed to legalize operation '(?:onnx\.)?(\w+)'/, explain: ([, op = '']) => unsupported([op]) },
  {
    // What operators are lowered to, e.g. arith.truncf for 8-bit floats: the model has no such operator.
    text: /failed to legalize operation '((?!onnx\.)\w+\.[\w.]+)'/,
    explain: ([, step = '']) => ({
      code: 'UNSUPPORTED_OPERATOR',
      why: `it has no code for a step of one of the model’s operators (${step}), as happens with rare element types`,
      way: '',
    }),
  },
  {
    text: /op operand #\d+ must be signless-integer-like, but got '(?:\w+<)?[^']*?(ui\d+)/,
    explain: ([, type = '']) => ({
      code: 'UNSUPPORTED_OPERATOR',
      why: `it has no code for one of the model’s operators on unsigned integers (${type})`,
      way: '',
    }),
  },
  {
    text: /LLVM ERROR: out of memory/,
    explain: () => ({
      code: 'COMPILE_CRASHED',
      why: 'it asked for more memory than there is, which small models make it do by a fault of its own',
      way: withoutOnnxMlir,
    }),
  },
  {
    text: /'onnx\.(\w+)' op shape inference failed/,
    explain: ([, op = '']) => ({
      code: 'COMPILE_FAILED',
      why: `it can’t tell the shape that ${op} gives`,
      way: withoutOnnxMlir,
      ops: [op],
    }),
  },
  {
    text: /(?:unregistered|unknown|unsupported) (?:operation|op(?:erator)?)\b[^'"\n]*['"](?:onnx\.)?([\w.]+)['"]/i,
    explain: ([, op = '']) => unsupported([op]),
  },
  {
    text: /'zhigh\.\w+' op operand .*(?:f16|bf16|f64)/,
    explain: () => ({
      code: 'COMPILE_NNPA_TYPE',
      why: 'the NNPA code can’t be made for the element types of this model: it takes float32 only',
      way: 'Convert the model to float32, keep those nodes on the CPU with a placement, or compile without the accelerator (accel=none).',
    }),
  },
  {
    text: /Unknown command line argument '(--?[^']*)'/,
    explain: ([, flag = '']) => ({
      code: 'COMPILE_FLAG',
      why: `it doesn’t know ${flag}`,
      way: 'Leave that flag out, or use a version of onnx-mlir that has it (onnx-mlir --help lists them).',
    }),
  },
  {
    text: /Cannot find option named '(\w+)'/,
    explain: ([, value = '']) => ({
      code: value === 'NNPA' ? 'ENVIRONMENT_NO_NNPA' : 'COMPILE_FLAG',
      why: value === 'NNPA' ? 'it was built without NNPA' : `it doesn’t know the value ${value}`,
      way:
        value === 'NNPA'
          ? 'Use an onnx-mlir built with -DONNX_MLIR_ACCELERATORS=NNPA, or accel=none.'
          : 'Leave that option out.',
      environment: value === 'NNPA',
    }),
  },
  {
    text: /invalid target '([^']+)'/,
    explain: ([, cpu = '']) => ({
      code: 'COMPILE_MARCH',
      why: `its LLVM doesn’t know the CPU ${cpu}`,
      way: 'Choose another march, or leave it out.',
    }),
  },
  {
    text: /unable to load '[^']*libjniruntime\.a'|javaruntime\.jar/,
    explain: () => ({
      code: 'ENVIRONMENT_JAVA',
      why: 'it was built without its Java run-time library',
      way: 'Use an onnx-mlir built with -DONNX_MLIR_ENABLE_JAVA=ON, such as the image onnxmlir/onnx-mlir.',
      environment: true,
    }),
  },
  {
    text: /file in wrong format|Relocations in generic ELF|incompatible with .*(?:elf|architecture)/i,
    explain: () => ({
      code: 'COMPILE_CROSS',
      why: 'the code is for another machine than the linker',
      way: 'A library for NNPA can be made only on IBM Z: use builder: "ssh://host" or a container with platform "linux/s390x".',
    }),
  },
  {
    text: /cannot find -l(\S+?)(?::|\s|$)|library not found for -l(\S+)/m,
    explain: ([, gnu, apple]) => {
      const library = gnu ?? apple ?? ''
      const zdnn = /zdnn|RuntimeNNPA/i.test(library)
      return {
        code: zdnn ? 'COMPILE_CROSS' : 'ENVIRONMENT_RUNTIME_LIBRARY',
        why: `it can’t find its run-time library ${library}`,
        way: zdnn
          ? 'A library for NNPA can be made only on IBM Z: use builder: "ssh://host" or a container with platform "linux/s390x".'
          : `Set ONNX_MLIR_LIBRARY_PATH to the folder that holds lib${library}.a (lib/ beside bin/ of the installation).`,
        environment: !zdnn,
      }
    },
  },
  {
    // errno 2 and 13: the tool is not there, or may not be run.
    text: /Failed in Command to execute '([^'\n]+)': errno=(?:2|13)\b/,
    explain: ([, tool = '']) => ({
      code: 'ENVIRONMENT_LINKER',
      why: `a tool that it needs is missing (${tool})`,
      way: 'Install the package that has it (LLVM’s tools, a C++ compiler with a linker); it must be the one that onnx-mlir was built with.',
      environment: true,
    }),
  },
  {
    text: /(?:clang\+\+|g\+\+|c\+\+|\bld\b|llc|opt)[\w.+-]*['"]?: (?:command )?not found|(?:No such file or directory|not found|[Cc]an(?:no|')t find|unable to find)[^\n]*\b(?:clang\+\+|g\+\+|c\+\+|llc|opt)\b|invalid linker name/i,
    explain: ([text]) => ({
      code: 'ENVIRONMENT_LINKER',
      why: `a tool that it needs is missing (${text.trim()})`,
      way: 'Install a C++ compiler with a linker, e.g. "apt-get install clang lld" or "dnf install gcc-c++"; it must be the one that onnx-mlir was built with.',
      environment: true,
    }),
  },
  {
    text: /linker command failed|collect2: error|ld returned \d+ exit status/,
    explain: () => ({
      code: 'COMPILE_LINK',
      why: 'its linker failed',
      way: 'See the linker’s own message below. ' + withoutOnnxMlir,
    }),
  },
  {
    text: /Invalid input file|Unable to open or access|[Cc]annot open (?:input )?file/,
    explain: () => ({
      code: 'COMPILE_INPUT',
      why: 'it doesn’t see the model',
      way: 'The staging folder must be readable where the compiler runs: set TMPDIR to a folder that the container engine shares.',
    }),
  },
  {
    text: /[Cc]annot open output file|Permission denied|Read-only file system|\.(?:bc|o|so|tmp|mlir): No such file or directory/,
    explain: () => ({
      code: 'COMPILE_OUTPUT',
      why: 'it can’t write to the staging folder',
      way: 'The staging folder must be writable where the compiler runs: set TMPDIR to a folder that is (and that the container engine shares).',
    }),
  },
  {
    text: /hard.?link|symbolic link|is a symlink/i,
    explain: () => ({
      code: 'COMPILE_INPUT',
      why: 'it refuses a linked file',
      way: 'This is a fault of unplugin-onnx-mlir, which copies models first; please report it.',
    }),
  },
  {
    text: /Onnx Model Parsing Failed|Failed to parse (?:the )?(?:ONNX|model)/i,
    explain: () => ({
      code: 'COMPILE_FORMAT',
      why: 'it can’t read the file as an ONNX model',
      way: 'Check the file with onnx.checker; a model newer than the compiler’s ONNX version can be converted down with onnx.version_converter.',
    }),
  },
  {
    text: /'llvm\.load' op result #0 must be LLVM type with size, but got '!llvm\.void'/,
    explain: () => ({
      code: 'COMPILE_EMPTY',
      why: 'the model is empty: it has no outputs',
      way: 'Export it again.',
    }),
  },
  {
    text: /Invalid value for --tag/,
    explain: () => ({
      code: 'COMPILE_FLAG',
      why: 'it refuses the tag',
      way: 'Please report it: tags are made by unplugin-onnx-mlir.',
    }),
  },
  {
    text: /opset.{0,40}(?:not supported|unsupported|is (?:too )?(?:new|high))|unsupported opset/i,
    explain: ([text]) => ({
      code: 'COMPILE_OPSET',
      why: `it doesn’t support the model’s opset (${text.trim()})`,
      way: 'Convert the model with onnx.version_converter, or use a newer onnx-mlir.',
    }),
  },
  {
    text: /loc\("([^"\n]+)"[^\n]*\): error: ([^\n]+)|^[^\n]*\berror: (?:'(onnx\.\w+)' op )([^\n]+)/m,
    explain: ([, node, message = '', op, opMessage]) => ({
      code: 'COMPILE_FAILED',
      why: opMessage ?? message,
      way: withoutOnnxMlir,
      ...(node === undefined ? {} : { node }),
      ...(op === undefined ? {} : { ops: [op.slice('onnx.'.length)] }),
    }),
  },
  {
    text: /'affine\.\w+' op [^\n]*/,
    explain: ([text]) => ({
      code: 'COMPILE_FAILED',
      why: `a loop that it made is not valid (${text}), which happens with shapes that are computed in the model`,
      way: `Fix symbolic dimensions (dims), or use the built-in compiler (compiler=builtin).`,
    }),
  },
  {
    text: /'onnx\.(\w+)' op ([^\n]*)/,
    explain: ([, op = '', message = '']) => ({
      code: 'COMPILE_FAILED',
      why: `it can’t take this ${op}: ${message.trim()}`,
      way: withoutOnnxMlir,
      ops: [op],
    }),
  },
  {
    text: /'(?:arith|krnl|llvm|math|memref|zlow|zhigh)\.[\w.]+' op [^\n]*/,
    explain: ([text]) => ({
      code: 'COMPILE_FAILED',
      why: `code that it made is not valid (${text})`,
      way: withoutOnnxMlir,
    }),
  },
  {
    text: /Assertion [`'"]([^\n]{1,200}?)['"`] failed/,
    explain: ([, assertion = '']) => ({
      code: 'COMPILE_CRASHED',
      why: `it broke off: ${assertion}`,
      way: withoutOnnxMlir,
    }),
  },
]

/** The explanation of an error text, where it is one that we know. */
export function recogniseFailure(stderr: string): Failure | undefined {
  for (const { text, explain } of patterns) {
    const match = text.exec(stderr)
    if (match) return explain(match)
  }
  return undefined
}

/** The compiler has no code for one of these operators. */
export function unsupported(ops: readonly string[]): Failure {
  const which = ops.length === 1 ? `the operator ${ops[0]}` : `one of the operators ${ops.join(', ')}`
  return { code: 'UNSUPPORTED_OPERATOR', why: `it has no code for ${which}`, way: '', ops }
}

/** What the compiler calls every operator that it doesn't know; its error names no other. */
export const customOperator = 'Custom'
