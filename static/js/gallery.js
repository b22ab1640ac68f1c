// A product's pictures: a thumbnail brings its picture into view, a picture opens large in a dialog, arrow keys step on.
// Without this the thumbnails are links to places on the page, and the pictures links to a page of their own.

export function openGallery(root) {
  const gallery = root.querySelector("[data-gallery]");
  if (!gallery) return;
  const track = gallery.querySelector("[data-gallery-track]");
  const views = [...track.children];
  const thumbs = [...gallery.querySelectorAll("[data-gallery-thumb]")];
  const dialog = gallery.querySelector("[data-gallery-dialog]");
  let shown = 0;

  const mark = (place) => {
    shown = place;
    thumbs.forEach((thumb, index) => {
      if (index === place) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
  };
  const bring = (place) => {
    track.scrollTo({ left: views[place].offsetLeft - track.offsetLeft });
    mark(place);
  };
  const enlarge = (place) => {
    bring((place + views.length) % views.length);
    const picture = views[shown].querySelector("svg, img").cloneNode(true);
    dialog.querySelector("[data-gallery-stage]").replaceChildren(picture);
    dialog.querySelector("[data-gallery-count]").textContent = `${shown + 1} / ${views.length}`;
    if (!dialog.open) dialog.showModal();
  };

  gallery.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-gallery-thumb]");
    const open = event.target.closest("[data-gallery-open]");
    const step = event.target.closest("[data-gallery-step]");
    if (thumb || open) event.preventDefault();
    if (thumb) bring(thumbs.indexOf(thumb));
    else if (open) enlarge(views.indexOf(open.closest("li")));
    else if (step) enlarge(shown + Number(step.dataset.galleryStep));
    else if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") enlarge(shown + 1);
    if (event.key === "ArrowLeft") enlarge(shown - 1);
  });
  // A swipe moves the marked thumbnail along; where the browser tells of no end, the mark stays.
  track.addEventListener("scrollend", () => mark(Math.round(track.scrollLeft / track.clientWidth)));
}
