import { stringLiteral } from '../lowering/c-text.ts'
import type { WinogradUse } from '../lowering/choices.ts'
import type { KernelShape } from '../lowering/kernel-shape.ts'
import { type Parameter, type Shared, sharedHead, sharedKernel, type Sharing } from './shared-kernel.ts'

/** A function of a model's C, with the one that threads share instead where there is that. */
export interface KernelFunction {
  /** By which other files call it. */
  readonly declaration: string
  readonly definition: string
}

/** The C of functions, one after the other. */
export function definitionsOf(functions: readonly KernelFunction[]): string {
  return functions.map(({ definition }) => definition).join('\n')
}

/** The C functions of a model, each distinct text once, and the headers they need. */
export class KernelTable {
  readonly shape: KernelShape
  readonly winograd: WinogradUse
  /** When threads share a kernel; `undefined`: never. */
  readonly sharing: Sharing | undefined
  /** Whether one of them is ever worth it. */
  isShared = false
  private readonly names = new Map<string, string>()
  private readonly defined = new Map<string, KernelFunction>()
  private readonly shared = new Set<string>()
  readonly headers = new Set<string>()
  /** The C of users, by text, and the functions that it is for. */
  private readonly sources = new Map<string, { readonly file: string; readonly functions: Set<string> }>()

  /** `shape`: the register tile that the kernels are made for. */
  constructor(shape: KernelShape, sharing?: Sharing, winograd: WinogradUse = 'where it pays') {
    this.shape = shape
    this.sharing = sharing
    this.winograd = winograd
  }

  /** Has threads share a kernel: the name of the function that is called instead of it. */
  defineShared(kernel: string, parameters: readonly Parameter[], { work, ownBytes }: Shared): string {
    const shared = `${kernel}_shared`
    if (this.shared.has(shared)) return shared
    this.shared.add(shared)
    this.headers.add('parallel.h')
    const { declaration, definition } = this.defined.get(kernel)!
    const more = sharedKernel(kernel, parameters, { work, ownBytes }, this.sharing?.least ?? 0)
    this.defined.set(kernel, {
      declaration: `${declaration}${sharedHead(kernel, parameters)};\n`,
      definition: `${definition}\n${more}`,
    })
    return shared
  }

  /** The function with these parameters and body; `label` makes the name readable. */
  define(label: string, parameters: readonly string[], body: string, fails: boolean): string {
    const result = fails ? 'int' : 'void'
    const list = `(${parameters.join(', ') || 'void'})`
    const tail = `${list} {\n${body}${fails ? '  return OM_OK;\n' : ''}}\n`
    const key = `${result} ${tail}`
    let name = this.names.get(key)
    if (name === undefined) {
      name = `${label.replace(/[^A-Za-z0-9]/g, '_').toLowerCase()}_${this.defined.size + this.shared.size}`
      this.names.set(key, name)
      const start = `OM_KERNEL ${result} ${name}`
      this.defined.set(name, { declaration: `${start}${list};\n`, definition: start + tail })
    }
    return name
  }

  get functions(): readonly KernelFunction[] {
    return [...this.defined.values()]
  }

  /** Has the C of a user in the model, with a function of the type om_operator. */
  addSource(name: string, file: string, text: string): void {
    const source = this.sources.get(text) ?? { file, functions: new Set() }
    source.functions.add(name)
    this.sources.set(text, source)
  }

  /** What is called of users' C. */
  declarations(): string {
    const names = [...this.sources.values()].flatMap(({ functions }) => [...functions])
    return names
      .map((name) => `static int ${name}(const om_input *, const om_output *, const om_attribute *);\n`)
      .join('')
  }

  /** The C of users, to stand behind all other: its macros are nobody else's. */
  userSources(): string {
    const texts = [...this.sources].map(([text, { file }]) => `#line 1 ${stringLiteral(file)}\n${text}\n`)
    return texts.join('')
  }
}
