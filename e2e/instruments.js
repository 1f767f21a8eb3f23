// Measures, for tests only, what a page does: when its microphone began, what its data channel brought and
// took, what it hears.
// Wall-clock milliseconds with fractions: both browsers of a test run on one machine and share that clock.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = { microphoneAt: null, messages: [], sent: [], peers: [] };
  window.instruments = seen;

  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const asked = now();
    const stream = await getUserMedia(constraints);
    seen.microphoneAt = asked;
    return stream;
  };

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      seen.peers.push(this);
    }
    createDataChannel(...args) {
      const channel = super.createDataChannel(...args);
      const send = channel.send.bind(channel);
      channel.send = (text) => {
        seen.sent.push(text);
        send(text);
      };
      channel.addEventListener("message", (event) => seen.messages.push({ at: now(), message: JSON.parse(event.data) }));
      return channel;
    }
  };

  // Energy of what was received and played, as the browser's own statistics count it (webrtc-stats, totalAudioEnergy).
  window.heardEnergy = async () => {
    const reports = await Promise.all(seen.peers.filter((p) => p.signalingState !== "closed").map((p) => p.getStats()));
    const inbound = reports.flatMap((report) => [...report.values()]).filter((s) => s.type === "inbound-rtp");
    return inbound.reduce((sum, s) => sum + (s.totalAudioEnergy ?? 0), 0);
  };
})();
