// A file of the visitor's, or what their camera sees, sent as it is and without a name; what comes of it is emitted.
export default {
  props: { label: String, url: String, accept: String, camera: Boolean, most: Number },
  emits: ["uploaded"],
  data() {
    return { told: "", live: false };
  },
  beforeUnmount() {
    this.end();
  },
  methods: {
    async send(file) {
      if (file.size > this.most) {
        this.told = `expected at most ${this.most} bytes, got ${file.size}`;
        return;
      }
      this.told = "Sending …";
      const answer = await fetch(this.url, { method: "POST", body: file, headers: { "content-type": "application/octet-stream" } });
      const found = await answer.json();
      this.told = answer.ok ? "" : found.error.message;
      if (answer.ok) this.$emit("uploaded", found);
    },
    async look() {
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch (error) {
        this.told = `the camera: ${error.message}`;
        return;
      }
      this.live = true;
      this.told = "";
      await Vue.nextTick();
      this.$refs.video.srcObject = this.stream;
    },
    take() {
      const video = this.$refs.video, canvas = document.createElement("canvas");
      if (!video.videoWidth) return; // it shows nothing yet
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      canvas.getContext("2d").drawImage(video, 0, 0);
      this.end();
      canvas.toBlob((blob) => this.send(blob), "image/png");
    },
    end() {
      if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
      this.stream = null;
      this.live = false;
    },
    file(id) {
      const chosen = async (event) => {
        if (event.target.files[0]) await this.send(event.target.files[0]);
        event.target.value = "";
      };
      const box = { id, type: "file", accept: this.accept, onChange: chosen };
      if (this.camera) box.capture = "environment"; // a phone's own, where pages get none
      return [Vue.h("label", { for: id }, this.label), Vue.h("input", box)];
    },
    frame() {
      const button = (label, act) => Vue.h("button", { type: "button", onClick: act }, label);
      if (!this.live) return [button(this.label, this.look)];
      const video = Vue.h("video", { ref: "video", autoplay: true, muted: true, playsinline: true, "aria-label": "What the camera sees" });
      return [video, Vue.h("div", { class: "bar" }, [button("Take it", this.take), button("Stop the camera", this.end)])];
    },
  },
  render() {
    // A browser lets pages use the camera on this machine, and over https.
    const parts = this.camera && navigator.mediaDevices ? this.frame() : this.file("upload-" + this.$attrs.id);
    const look = this.told.startsWith("Sending") ? "" : "wrong";
    return Vue.h("div", { class: "field" }, [...parts, Vue.h("small", { class: look, role: "status" }, this.told)]);
  },
};
