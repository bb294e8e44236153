/** What a client did that ends the connection, with the close code that says so. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  constructor(readonly closeCode: number, message: string) {
    super(message);
  }
}
