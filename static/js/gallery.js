// A product's pictures: a thumbnail brings its picture into view, a picture opens large in a dialog, arrow keys step on.
// Without this the thumbnails are links to places on the page, and the pictures links to a page of their own.
// It listens on the whole page, because the choice of a variant brings another gallery.

export function openGallery(root) {
  const parts = (gallery) => ({
    track: gallery.querySelector("[data-gallery-track]"),
    views: [...gallery.querySelectorAll("[data-gallery-track] > li")],
    thumbs: [...gallery.querySelectorAll("[data-gallery-thumb]")],
    dialog: gallery.querySelector("[data-gallery-dialog]"),
  });
  const shown = ({ thumbs }) => Math.max(0, thumbs.findIndex((thumb) => thumb.hasAttribute("aria-current")));
  const mark = ({ thumbs }, place) => {
    thumbs.forEach((thumb, index) => {
      if (index === place) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
  };
  const bring = (gallery, place) => {
    gallery.track.scrollTo({ left: gallery.views[place].offsetLeft });
    mark(gallery, place);
  };
  const enlarge = (gallery, asked) => {
    const { views, dialog } = gallery;
    const place = (asked + views.length) % views.length;
    bring(gallery, place);
    dialog.querySelector("[data-gallery-stage]").replaceChildren(views[place].querySelector("svg, img").cloneNode(true));
    dialog.querySelector("[data-gallery-count]").textContent = `${place + 1} / ${views.length}`;
    if (!dialog.open) dialog.showModal();
  };

  root.addEventListener("click", (event) => {
    const element = event.target.closest("[data-gallery]");
    if (!element) return;
    const gallery = parts(element);
    const thumb = event.target.closest("[data-gallery-thumb]");
    const open = event.target.closest("[data-gallery-open]");
    const step = event.target.closest("[data-gallery-step]");
    if (thumb || open) event.preventDefault();
    if (thumb) bring(gallery, gallery.thumbs.indexOf(thumb));
    else if (open) enlarge(gallery, gallery.views.indexOf(open.closest("li")));
    else if (step) enlarge(gallery, shown(gallery) + Number(step.dataset.galleryStep));
    else if (event.target === gallery.dialog) gallery.dialog.close();
  });
  root.addEventListener("keydown", (event) => {
    const dialog = event.target.closest("[data-gallery-dialog][open]");
    if (!dialog) return;
    const gallery = parts(dialog.closest("[data-gallery]"));
    if (event.key === "ArrowRight") enlarge(gallery, shown(gallery) + 1);
    if (event.key === "ArrowLeft") enlarge(gallery, shown(gallery) - 1);
  });
  // A swipe moves the mark along; where the browser does not tell the end of one, the mark stays.
  root.addEventListener(
    "scrollend",
    (event) => {
      const { target } = event;
      if (!target.matches?.("[data-gallery-track]")) return;
      mark(parts(target.closest("[data-gallery]")), Math.round(target.scrollLeft / target.clientWidth));
    },
    true,
  );
}
