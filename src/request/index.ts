export type { Dims } from './dims.ts'
export { type DirectiveName, type Directives, directives } from './directives.ts'
export type { OptimizeLevel } from './optimize.ts'
export { canonicalId, canonicalQuery, isModelId, parseRequest, type Request, type RequestOptions } from './request.ts'
