/** All tensors among inputs or outputs, those in lists among them. */
export function tensorsIn<Tensor extends object>(
  values: readonly (Tensor | { readonly items: readonly Tensor[] })[],
): Tensor[] {
  return values.flatMap((value) => ('items' in value ? value.items : [value]))
}
