/** The name of a new log (see `EventSink.opened`): 52 random bits, 11 characters of `[0-9a-z]`. */
export function newLogName(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return ((high & 0xf_ffff) * 2 ** 32 + low).toString(36).padStart(11, "0");
}
