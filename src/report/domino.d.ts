/** What is used of the package: its own types name another one. */
declare module '@mixmark-io/domino' {
  const domino: { createDocument(html: string): object };
  export default domino;
}
