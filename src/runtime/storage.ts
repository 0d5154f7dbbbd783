import * as elementTypes from './element-types.ts'
import type { Elements } from './element-types.ts'
import type { ElementType } from './signature.ts'

/** All element types, where a program does not know beforehand which it needs. */
export const storage: Readonly<Record<ElementType, Elements>> = elementTypes
