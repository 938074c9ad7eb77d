/* The provider's script: loaded once it is needed, given up after a time, and loaded again when asked. */

const LOAD_MS_MAX = 20000;
let loading = null;

/* Resolves once `new Razorpay(…)` can be called, and rejects when the script cannot be had. */
export function load(url) {
  if (!loading) {
    loading = loaded(url).catch((error) => {
      loading = null;
      throw error;
    });
  }
  return loading;
}

function loaded(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const end = (error) => {
      window.clearTimeout(timer);
      if (error) {
        script.remove();
        reject(error);
      } else {
        resolve();
      }
    };
    const timer = window.setTimeout(() => end(new Error("it took too long")), LOAD_MS_MAX);
    script.addEventListener("load", () => end(window.Razorpay ? null : new Error("it is another script")));
    script.addEventListener("error", () => end(new Error("it could not be loaded")));
    script.src = url;
    document.head.append(script);
  });
}
