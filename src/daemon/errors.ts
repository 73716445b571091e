/** The daemon cannot start, for a reason its user can mend: printed as one line, without a stack. */
export class StartError extends Error {}
