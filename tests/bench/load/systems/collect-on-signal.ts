/** Preloaded into Node processes whose memory is measured. */
process.on("SIGUSR2", () => {
  globalThis.gc?.();
});
