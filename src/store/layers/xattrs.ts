/**
 * Attributes that travel in layers: file capabilities and the user's own. Overlay's (`trusted.overlay.*`, `user.overlay.*`) would let a
 * layer expose what another hides, and a host's labels mean nothing elsewhere.
 */
export const isAllowedXattr = (name: string): boolean =>
  name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));

/** On a folder of an upper layer: what is below it in lower layers is hidden. */
export const OPAQUE_XATTR = 'trusted.overlay.opaque';
