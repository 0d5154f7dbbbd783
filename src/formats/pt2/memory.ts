import type { Value } from './call.ts'

/** How a value shows a part of another's memory, or all of it in another shape. */
export interface View {
  readonly base: Memory
  /** The view of what the base holds now. */
  readonly again: () => Value
  /** What the base holds once the view holds `written`. */
  readonly undo: (written: Value) => Value
}

/**
 * What a value of the program holds, for all names that share it. ONNX has no memory that changes: an operator in place makes
 * another value, of which those that it is a view of are made anew at once, and other views of theirs when they are read.
 */
export class Memory {
  private current: Value
  private isOwn: boolean
  private version = 0
  private readonly view: View | undefined
  private hasViews = false

  /** @param isOwn nothing but views that are known may see or keep it: it was made in this graph */
  constructor(value: Value, isOwn: boolean, view?: View) {
    this.current = value
    this.isOwn = isOwn
    this.view = view
    this.version = this.root.version
    if (view) view.base.hasViews = true
  }

  get value(): Value {
    const { version } = this.root
    if (this.view && this.version !== version) {
      this.current = this.view.again()
      this.version = version
    }
    return this.current
  }

  /** It is no view, and has none: it may change its shape. */
  get isAlone(): boolean {
    return !this.view && !this.hasViews
  }

  get mayChange(): boolean {
    return this.root.isOwn
  }

  /** Something may see it that is not followed: it must not change any more. */
  share(): void {
    this.root.isOwn = false
  }

  write(value: Value): void {
    this.become(value, this.root.version + 1)
  }

  private become(value: Value, version: number): void {
    this.view?.base.become(this.view.undo(value), version)
    this.current = value
    this.version = version
  }

  private get root(): Memory {
    return this.view ? this.view.base.root : this
  }
}
