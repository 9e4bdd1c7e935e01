// The search of the site runs in a Worker, which browsers refuse to a page that is opened from disk. This class has the
// part of Worker's interface that the search uses, and runs the script in a hidden frame of the same page instead.
class IFrameWorker extends EventTarget {
  constructor(url) {
    super();
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    document.body.append(this.frame);
    const { contentDocument: page, contentWindow: scope } = this.frame;
    page.open();
    scope.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    this.loaded = new Promise((resolve) => (scope.onScriptLoaded = resolve));
    page.write(`<body><script src="${url}" onload="onScriptLoaded()"></script></body>`);
    page.close();
  }

  async postMessage(data) {
    await this.loaded;
    this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
  }

  terminate() {
    this.frame.remove();
  }
}

if (location.protocol === "file:") window.Worker = window.IFrameWorker = IFrameWorker;
