/** A style sheet is imported as its text: esbuild's `text` loader, and the same in vitest.config.ts. */
declare module "*.css" {
  const text: string;
  export default text;
}
