// Gives each frame the height of what it shows; without scripts the frames keep a default height.
addEventListener("message", (event) => {
  const height = event.data && event.data.nbjobsFrameHeight;
  if (typeof height !== "number") return;
  for (const frame of document.querySelectorAll("iframe.nb-frame")) {
    if (frame.contentWindow === event.source) frame.style.height = `${Math.min(Math.max(height, 24), 4000)}px`;
  }
});
