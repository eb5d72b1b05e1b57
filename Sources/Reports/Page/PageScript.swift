// SPDX-License-Identifier: Apache-2.0
// The page's only script: it sorts and filters tables. Without it the page is whole.

/// The script, which reads nothing but the page and changes nothing but the order of rows.
///
/// It holds neither `<` nor `&`, so that the page is also XML. The page's content security policy
/// admits this text alone, by its digest.
enum PageScript {
    static let text = """
        (function () {
          function order(cell) {
            var number = cell.getAttribute('data-order');
            return number === null ? null : Number(number);
          }
          function compare(left, right) {
            var first = order(left), second = order(right);
            if (first !== null) return second === null ? -1 : first - second;
            if (second !== null) return 1;
            return left.textContent.trim().localeCompare(right.textContent.trim());
          }
          document.querySelectorAll('main table').forEach(function (table) {
            var body = table.tBodies[0];
            if (!body || !table.tHead) return;
            var rows = Array.from(body.rows).filter(function (row) {
              return !row.classList.contains('reference');
            });
            if (!(rows.length > 2)) return;
            var heads = Array.from(table.tHead.rows[0].cells);
            heads.forEach(function (head, index) {
              function sort() {
                var falls = head.getAttribute('aria-sort') === 'ascending';
                heads.forEach(function (other) { other.setAttribute('aria-sort', 'none'); });
                head.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
                rows.sort(function (left, right) {
                  return (falls ? -1 : 1) * compare(left.cells[index], right.cells[index]);
                });
                rows.forEach(function (row) { body.appendChild(row); });
              }
              head.setAttribute('aria-sort', 'none');
              head.tabIndex = 0;
              head.title = 'Sort by this column';
              head.addEventListener('click', sort);
              head.addEventListener('keydown', function (event) {
                if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); sort(); }
              });
            });
            if (!(rows.length > 8)) return;
            var label = document.createElement('label');
            label.className = 'filter';
            label.append('Show rows with ');
            var input = document.createElement('input');
            input.type = 'search';
            label.append(input);
            table.parentNode.insertBefore(label, table);
            input.addEventListener('input', function () {
              var wanted = input.value.toLowerCase();
              rows.forEach(function (row) {
                row.hidden = !row.textContent.toLowerCase().includes(wanted);
              });
            });
          });
        })();
        """

    /// The base64 of the SHA-256 of the script.
    static let digest = "Hj7HwPyq+r4J33uIfV/SJQJwWBL+oPoILO4WP4XzNIQ="
}
