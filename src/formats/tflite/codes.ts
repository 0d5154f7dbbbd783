import type { ElementType } from '../../onnx/element-type.ts'

/** Types in which reals are stored as codes. */
const codeTypes: readonly (ElementType | undefined)[] = ['int8', 'uint8', 'int16', 'int4', 'uint4', 'int2']

/** Whether a tensor of a type that is quantised holds codes; what is said of the quantisation of any other type means nothing. */
export function isCode(type: ElementType | undefined): boolean {
  return codeTypes.includes(type)
}
