import type { PluginOptions } from '../pipeline/index.ts'
import type { ModuleForm } from './module-maker.ts'

// What crosses between a thread that waits for a model's module and whatever makes it meanwhile: plain data.

export interface Question {
  readonly id: string
  readonly form: ModuleForm
}

export type Answer = { readonly source: string; readonly error?: undefined } | { readonly error: PlainError }

interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly data?: unknown
}

/** @returns what answers questions; it never rejects, as nothing but an answer is heard */
export function createAnswerer(options: PluginOptions): (question: Question) => Promise<Answer> {
  const maker = import('./module-maker.ts').then(({ createModuleMaker }) => createModuleMaker(options))
  maker.catch(() => {}) // The first answer tells of it.
  return async ({ id, form }) => {
    try {
      const makeModule = await maker
      return { source: await makeModule(id, form) }
    } catch (error) {
      return { error: plain(error) }
    }
  }
}

/** @throws the error of an answer: of its name, code and data, and of no class but `Error` */
export function sourceOf(answer: Answer): string {
  if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error)
  return answer.source
}

function plain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, code, data } = error as Error & { readonly code?: unknown; readonly data?: unknown }
  return { name, message, ...(typeof code === 'string' && { code, data: jsonOf(data) }) }
}

function jsonOf(data: unknown): unknown {
  const text = JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return text === undefined ? undefined : JSON.parse(text)
}
