/** OM_BUILTIN_ABI of native/abi/om_builtin.h. */
export const OM_BUILTIN_ABI = 3
