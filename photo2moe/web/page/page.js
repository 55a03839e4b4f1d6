// The page: photos in, a picture that follows the controls, downloads out. No library, nothing from elsewhere.

const EXAMPLES = [
  ["example-1.webp", "A woman with long brown hair"],
  ["example-2.webp", "A woman with red hair by the sea"],
  ["example-3.webp", "A young man with dark curls"],
  ["example-4.webp", "A woman with short hair and a pink blouse"],
  ["example-5.webp", "A man with grey hair in a garden"],
  ["example-6.webp", "A woman with a red scarf"],
  ["example-7.webp", "A fair young man"],
  ["example-8.webp", "Three people"],
];
const QUICK = 512; // pixels: side of what is shown while the controls move
const SHARP = 1024; // and once they rest
const REST = 250; // milliseconds
const $ = (id) => document.getElementById(id);

const shown = { photos: [], current: null }; // a photo: { file, name, url, token, faces, face, failed }
let token = "";

// ------------------------------------------------------------------ asking the server

class Refusal extends Error {
  constructor(problem, response) {
    super(problem.detail || `the server says ${response.status}`);
    this.status = response.status;
    this.code = problem.code;
    this.wait = Number(response.headers.get("Retry-After")) || 1;
  }
}

async function ask(path, options = {}, patience = 5) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  } catch {
    throw new Error("The server does not answer. Is photo2moe serve still running?");
  }
  if (response.ok) return response;
  const refusal = new Refusal(await response.json().catch(() => ({})), response);
  if (refusal.status === 401) {
    await askForToken();
    return ask(path, options, patience);
  }
  if (refusal.status === 429 && patience > 0) {
    await pause(1000 * Math.min(refusal.wait, 10));
    return ask(path, options, patience - 1);
  }
  throw refusal;
}

let asking = null;
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = $("ask");
    dialog.addEventListener("close", () => {
      token = $("token").value.trim();
      sessionStorage.setItem("token", token);
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

async function analysed(photo) {
  const form = new FormData();
  form.append("photo", photo.file, photo.name);
  const seen = await (await ask("/v1/photos", { method: "POST", body: form })).json();
  photo.token = seen.token;
  photo.faces = seen.faces;
  photo.size = seen.size;
}

// A server that has forgotten a photo meanwhile is shown it again.
async function about(photo, what, query) {
  if (!photo.token) await analysed(photo);
  const fetched = () => ask(`/v1/photos/${photo.token}/${what}?${query}`);
  let response;
  try {
    response = await fetched();
  } catch (refusal) {
    if (refusal.code !== "forgotten") throw refusal;
    await analysed(photo);
    response = await fetched();
  }
  return response.blob();
}

// ------------------------------------------------------------------ what the controls say

function choices(side = 0) {
  const form = new FormData($("controls"));
  const query = new URLSearchParams({ strength: form.get("strength"), frame: form.get("frame") });
  if (query.get("frame") === "avatar") {
    const background = form.get("background");
    query.set("background", background === "colour" ? $("background-colour").value : background);
  }
  for (const name of ["hair-colour", "eye-colour", "skin"]) {
    const picked = form.get(name);
    query.set(name, picked === "custom" ? $(`${name}-custom`).value : picked);
  }
  const size = Number(form.get("size"));
  query.set("size", side ? Math.min(side, size) : size);
  query.set("format", side ? "webp" : form.get("format"));
  if (side) query.set("fit", "1280");
  return query;
}

function withFace(query, photo) {
  const everyone = photo.face === "all" && query.get("frame") === "avatar" && query.get("format") === "webp";
  query.set("face", everyone ? "largest" : photo.face);
  return query;
}

// ------------------------------------------------------------------ the picture

let drawing = false;
let again = false;

// One request at a time; moves meanwhile count as one, and the last one wins. First a
// small picture, and a sharp one as soon as the controls rest.
async function draw() {
  if (!shown.current) return;
  again = true;
  if (drawing) return;
  drawing = true;
  $("viewer").classList.add("busy");
  while (again) {
    again = false;
    const photo = shown.current;
    try {
      await redraw(photo, QUICK);
      await pause(REST);
      if (!again) await redraw(photo, SHARP);
    } catch (error) {
      if (photo === shown.current) say(error.message, true);
      $("download").disabled = true;
      photo.failed = photo.failed || error.code === "no_face" || error.code === "photo";
      rollOf();
    }
  }
  drawing = false;
  $("viewer").classList.remove("busy");
}

async function redraw(photo, side) {
  if (!photo.token) {
    say("Looking for faces …");
    await analysed(photo);
    showFaces(photo);
  }
  const query = withFace(choices(side), photo);
  const place = [query.get("frame"), query.get("face")].join();
  const known = photo.place === place && photo.side >= side; // the photo does not change with the sliders
  const [before, after] = await Promise.all([
    known ? null : about(photo, "before", query),
    about(photo, "avatar", query),
  ]);
  if (photo !== shown.current) return;
  if (before) {
    await put($("before"), before);
    Object.assign(photo, { place, side });
  }
  await put($("after"), after);
  $("viewer").dataset.side = side;
  $("download").disabled = false;
  say("");
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function put(image, blob) {
  const old = image.src;
  const url = URL.createObjectURL(blob);
  const ready = new Image();
  ready.src = url;
  await ready.decode();
  image.src = url;
  if (image.id === "after") $("viewer").style.setProperty("--ratio", `${ready.naturalWidth} / ${ready.naturalHeight}`);
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

function say(text, problem = false) {
  $("status").textContent = text ? text[0].toUpperCase() + text.slice(1) : "";
  $("status").classList.toggle("problem", problem);
}

// ------------------------------------------------------------------ photos and faces

function add(files) {
  const photos = [...files].map((file) => ({
    file, name: file.name || "photo", url: URL.createObjectURL(file), token: "", faces: [], face: "largest",
  }));
  if (!photos.length) return;
  shown.photos.push(...photos);
  show(photos[0]);
}

function show(photo) {
  shown.current = photo;
  photo.place = "";
  photo.failed = false;
  $("welcome").hidden = true;
  $("work").hidden = false;
  document.body.classList.add("working");
  rollOf();
  showFaces(photo);
  draw();
}

function rollOf() {
  $("photos").replaceChildren(...(shown.photos.length < 2 ? [] : shown.photos.map((photo) => {
    const button = thumb(photo === shown.current, photo.name, () => show(photo));
    button.append(picture(photo.url));
    button.classList.toggle("failed", Boolean(photo.failed));
    return button;
  })));
  $("download-all").hidden = shown.photos.length < 2;
  $("download-all").textContent = `All ${shown.photos.length} as zip`;
}

async function showFaces(photo) {
  $("people").hidden = photo.faces.length < 2;
  if (photo.faces.length < 2) return $("faces").replaceChildren();
  const everyone = thumb(photo.face === "all", "Everyone", () => pick(photo, "all"));
  everyone.textContent = "All";
  const buttons = photo.faces.slice(0, 12).map(({ number }) => {
    const chosen = photo.face === String(number) || (photo.face === "largest" && number === 1);
    const button = thumb(chosen, `Person ${number}`, () => pick(photo, String(number)));
    button.dataset.face = number;
    return button;
  });
  $("faces").replaceChildren(...buttons, everyone);
  photo.heads ??= [];
  for (const button of buttons) {
    const number = button.dataset.face;
    const query = new URLSearchParams({ face: number, size: "128", format: "webp" });
    photo.heads[number] ??= URL.createObjectURL(await about(photo, "before", query));
    button.replaceChildren(picture(photo.heads[number]));
  }
}

function pick(photo, face) {
  photo.face = face;
  if (face === "all") document.querySelector('[name="frame"][value="photo"]').checked = true;
  frameChanged();
  for (const button of $("faces").children) button.setAttribute("aria-pressed", String((button.dataset.face ?? "all") === face));
  draw();
}

function thumb(pressed, label, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "thumb";
  button.setAttribute("aria-pressed", String(pressed));
  button.setAttribute("aria-label", label);
  button.title = label;
  button.addEventListener("click", action);
  return button;
}

function picture(url) {
  const image = document.createElement("img");
  image.src = url;
  image.alt = "";
  return image;
}

// ------------------------------------------------------------------ downloads

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function stem(photo) {
  return photo.name.replace(/\.[^.]*$/, "") || "photo";
}

async function convertAll(photos, face, name) {
  const form = new FormData();
  const query = choices();
  query.set("face", face);
  if ($("compare").checked) query.set("compare", "true");
  for (const [key, value] of query) form.append(key, value);
  for (const photo of photos) form.append("photo", photo.file, photo.name);
  const response = await ask("/v1/convert", { method: "POST", body: form });
  const zip = response.headers.get("Content-Type") === "application/zip";
  save(await response.blob(), zip ? `${name}.zip` : `${name}.moe.${query.get("format")}`);
}

async function download() {
  const photo = shown.current;
  const query = withFace(choices(), photo);
  if (query.get("frame") === "avatar" && photo.face === "all") return convertAll([photo], "all", stem(photo));
  if ($("compare").checked) query.set("compare", "true");
  save(await about(photo, "avatar", query), `${stem(photo)}.moe.${query.get("format")}`);
}

async function busy(button, work) {
  const text = button.textContent;
  button.disabled = true;
  button.textContent = "One moment …";
  try {
    await work();
    say("");
  } catch (error) {
    say(error.message, true);
  }
  button.textContent = text;
  button.disabled = false;
}

// ------------------------------------------------------------------ the controls

function swatches(colours) {
  for (const box of document.querySelectorAll(".swatches")) {
    const name = box.dataset.colour;
    const named = name === "skin" ? [] : Object.entries(colours);
    box.append(swatch(name, "keep", "", "own", true));
    for (const [word, hex] of named) box.append(swatch(name, word, hex, ""));
    const custom = swatch(name, "custom", "", "other");
    const colour = document.createElement("input");
    colour.type = "color";
    colour.id = `${name}-custom`;
    colour.value = name === "skin" ? "#e8b796" : "#7a5cff";
    colour.setAttribute("aria-label", "Another colour");
    colour.addEventListener("input", () => {
      custom.querySelector("input").checked = true;
      draw();
    });
    box.append(custom, colour);
  }
}

function swatch(name, value, hex, word, checked = false) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  const dot = document.createElement("span");
  Object.assign(radio, { type: "radio", name, value, checked });
  radio.setAttribute("aria-label", word || value);
  dot.textContent = word;
  label.title = word || value;
  label.classList.toggle("word", Boolean(word));
  if (hex) dot.style.setProperty("--swatch", hex);
  label.append(radio, dot);
  return label;
}

function frameChanged() {
  const whole = new FormData($("controls")).get("frame") === "photo";
  $("backgrounds").disabled = whole;
}

function theme(name) {
  document.documentElement.dataset.theme = name;
}

async function webcam() {
  const dialog = $("webcam");
  const video = $("video");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 960 } } });
  } catch (error) {
    const why = error.name === "NotAllowedError" ? "the browser was not allowed to use it" : "there is none";
    return say(`No picture from the webcam: ${why}.`, true);
  }
  video.srcObject = stream;
  dialog.showModal();
  await video.play();
  dialog.addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()), { once: true });
}

function shoot() {
  const video = $("video");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => add([new File([blob], "webcam.jpg", { type: "image/jpeg" })]), "image/jpeg", 0.95);
  $("webcam").close();
}

function gallery() {
  for (const [name, label] of EXAMPLES) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.title = label;
    button.append(picture(`/assets/${name}`));
    button.addEventListener("click", async () => {
      const blob = await (await ask(`/assets/${name}`)).blob();
      add([new File([blob], name, { type: "image/webp" })]);
      scrollTo({ top: 0, behavior: "smooth" });
    });
    $("examples").append(button);
  }
}

function listen() {
  const stage = $("stage");
  $("file").addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
  for (const kind of ["dragover", "drop", "dragleave"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      stage.classList.toggle("over", kind === "dragover");
      if (kind === "drop") add(event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  for (const button of document.querySelectorAll("[data-webcam]")) button.addEventListener("click", webcam);
  $("shoot").addEventListener("click", shoot);
  document.querySelector("[data-close]").addEventListener("click", () => $("webcam").close());
  $("cut").addEventListener("input", () => $("viewer").style.setProperty("--cut", `${$("cut").value}%`));
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("controls").addEventListener("input", (event) => {
    if (event.target.id === "background-colour") document.querySelector('[name="background"][value="colour"]').checked = true;
    if (event.target.id === "strength") $("strength-value").textContent = `${Math.round(100 * event.target.value)} %`;
    frameChanged();
    if (!["format", "compare"].includes(event.target.id)) draw();
  });
  $("download").addEventListener("click", () => busy($("download"), download));
  $("download-all").addEventListener("click", () => busy($("download-all"), () => convertAll(shown.photos, "largest", "avatars")));
  $("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    theme(next);
  });
  // Whoever leaves the page is done with its photos; should they come back, the server is shown them again.
  addEventListener("pagehide", () => {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    for (const photo of shown.photos.filter((one) => one.token)) {
      fetch(`/v1/photos/${photo.token}`, { method: "DELETE", keepalive: true, headers }).catch(() => {});
    }
  });
  const system = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => theme(localStorage.getItem("theme") || (system.matches ? "dark" : "light"));
  system.addEventListener("change", follow);
  follow();
}

function takeToken() {
  token = new URLSearchParams(location.hash.slice(1)).get("token") || sessionStorage.getItem("token") || "";
  if (token) sessionStorage.setItem("token", token);
  if (location.hash) history.replaceState(null, "", location.pathname);
}

takeToken();
addEventListener("hashchange", takeToken);
listen();
gallery();
swatches((await (await ask("/v1/styles")).json()).colours);
