/** That the broker cannot have the stream: it is too old, or a queue of that name is another kind. */
export class StreamError extends Error {}
