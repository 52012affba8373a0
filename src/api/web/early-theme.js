/** Before anything is painted: the theme that was chosen here, so that a light page does not begin dark. A plain script, on purpose. */
document.documentElement.dataset.theme = localStorage.getItem('firstread.theme') ?? 'dark';
