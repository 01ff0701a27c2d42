// Stands first in the frame of an active output: runs the output's scripts in order, tells the page how high the
// output is, and says what failed.
(() => {
  const own = document.currentScript;
  // The content security policy does not speak of peer connections.
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) delete self[name];
  let said = 0;
  const say = (text) => {
    if (said++ >= 3) return;
    const note = document.createElement("p");
    note.className = "nbjobs-note";
    note.textContent = text;
    (document.body || document.documentElement).append(note);
  };
  addEventListener("error", (event) => { if (event.message) say(`This output's script failed: ${event.message}`); });
  addEventListener("unhandledrejection", (event) => say(`This output's script failed: ${event.reason}`));
  addEventListener("securitypolicyviolation", (event) => {
    if (/^(https?|wss?):/.test(event.blockedURI)) say(`Not loaded from the network: ${event.blockedURI}`);
  });
  let measured = 0;
  const measure = () => {
    // What is as high as its frame would grow with it for ever.
    if (!document.body || measured++ >= 30) return;
    const height = Math.ceil(Math.max(document.body.scrollHeight, document.body.offsetHeight));
    parent.postMessage({ nbjobsFrameHeight: height }, "*");
  };
  addEventListener("DOMContentLoaded", () => {
    for (const script of document.querySelectorAll("script")) {
      if (script === own) continue;
      const copy = document.createElement("script");
      for (const { name, value } of script.attributes) copy.setAttribute(name, value);
      copy.nonce = own.nonce;
      copy.textContent = script.textContent;
      script.replaceWith(copy);
    }
    new ResizeObserver(measure).observe(document.body);
    measure();
  });
  addEventListener("load", measure);
})();
